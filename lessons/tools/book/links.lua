-- Are the pages of the book whole? Every link must lead to a page that is there and to an anchor in
-- it, and no id may stand twice.

local links = {}

local function read(path)
  local file = io.open(path)
  if not file then return nil end
  local contents = file:read('a')
  file:close()
  return contents
end

local function ids_of(html, name, faults)
  local ids = {}
  for id in html:gmatch('%sid="([^"]*)"') do
    if ids[id] then faults[#faults + 1] = ('%s: the id "%s" stands twice'):format(name, id) end
    ids[id] = true
  end
  return ids
end

-- One line for each fault.
function links.dead(folder, pages)
  local faults, html, ids = {}, {}, {}
  for _, page in ipairs(pages) do
    html[page.name] = assert(read(folder .. '/' .. page.name))
    ids[page.name] = ids_of(html[page.name], page.name, faults)
  end
  for name, code in pairs(html) do
    for target in code:gmatch('%s%f[hs][hrefsct]+="([^"]*)"') do
      local path, anchor = target:match('^([^#]*)#?(.*)$')
      if path == '' then path = name end
      local elsewhere = target:find('^%a+:')
      if not elsewhere and not ids[path] and not read(folder .. '/' .. path) then
        faults[#faults + 1] = ('%s: a link leads to "%s", which is not there'):format(name, target)
      elseif ids[path] and anchor ~= '' and not ids[path][anchor] then
        faults[#faults + 1] = ('%s: a link leads to "%s", and no such anchor is there'):format(name, target)
      end
    end
  end
  table.sort(faults)
  return faults
end

return links
