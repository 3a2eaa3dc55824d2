-- "RFC 6455 §5.2", and "§5.2" alone, wherever a page says it, in prose or in a comment: a link to
-- the book's own index of sections, which links back to each place. No link leaves the book.

local rfc = { places = {} }  -- "6455 5.2" → { {page, heading, anchor}, ... }

local usual = '6455'

-- A paragraph names its RFC once: "RFC 7692 §7.1 … and §7.2". Where none was named, it is 6455.
local blocks = { p = true, li = true, td = true, th = true, pre = true, h1 = true, h2 = true, h3 = true,
                 h4 = true, summary = true }

local function note(page, heading, number, section)
  local key = number .. ' ' .. section
  local places = rfc.places[key] or {}
  rfc.places[key] = places
  local count = 1
  for _, place in ipairs(places) do if place.page == page then count = count + 1 end end
  local name = ('rfc%s-%s'):format(number, section)
  local anchor = count == 1 and name or name .. '-' .. count
  places[#places + 1] = { page = page, heading = heading, anchor = anchor }
  return ('<a class="rfc" id="%s" href="rfc.html#%s">'):format(anchor, name)
end

-- The text between two tags. Returns it with links, and the RFC that was named last.
local function link_text(text, number, page, heading)
  local out, at = {}, 1
  while true do
    local sign, last, section = text:find('§(%d+[%d.]*)', at)
    if not sign then break end
    section = section:gsub('%.+$', '')
    last = sign + #'§' + #section - 1
    local before = text:sub(at, sign - 1)
    for named in before:gmatch('RFC (%d+)') do number = named end
    -- The number belongs to the link when it stands right before the section.
    local words = before:match('RFC %d+%s$') or ''
    out[#out + 1] = before:sub(1, #before - #words)
    out[#out + 1] = note(page, heading, number, section) .. words .. text:sub(sign, last) .. '</a>'
    at = last + 1
  end
  local rest = text:sub(at)
  for named in rest:gmatch('RFC (%d+)') do number = named end
  out[#out + 1] = rest
  return table.concat(out), number
end

-- The RFC that a file is about stands in its first lines: "// Decompression …, RFC 1951 §3.2.3".
local function own(html)
  local first = html:match('<pre.->(.-\n.-\n.-\n)')
  return first and first:match('RFC (%d+)') or usual
end

-- The whole HTML of a page's text.
function rfc.link(html, page)
  local default = page.source and not page.source:find('%.md$') and own(html) or usual
  local out, number, heading, in_heading, in_link = {}, default, { text = '' }, false, false
  local in_code, in_comment = false, false
  for text, tag in html:gmatch('([^<]*)(<?[^>]*>?)') do
    if in_heading then heading.text = heading.text .. text end
    -- What a comment says first holds to its end.
    if in_code and not in_comment and text:find('%S') then number = default end
    if not in_link then text, number = link_text(text, number, page, heading) end
    out[#out + 1] = text .. tag
    local closing, name = tag:match('^<(/?)(%w+)')
    if name == 'pre' then in_code = closing == '' end
    if name == 'span' then in_comment = tag:find('class="co"', 1, true) ~= nil end
    if name == 'a' then in_link = closing == '' end
    if name and name:match('^h[1-4]$') then
      in_heading = closing == ''
      if in_heading then heading = { text = '' } end
    end
    if blocks[name] and closing == '' then number = default end
  end
  return table.concat(out)
end

-- "5.10" comes after "5.9", and "6455 …" before "7692 …".
local function before(a, b)
  local left, right = {}, {}
  for digits in a:gmatch('%d+') do left[#left + 1] = tonumber(digits) end
  for digits in b:gmatch('%d+') do right[#right + 1] = tonumber(digits) end
  for i = 1, math.max(#left, #right) do
    if left[i] ~= right[i] then return (left[i] or -1) < (right[i] or -1) end
  end
  return false
end

-- The names of the RFCs and of their sections, from the file beside this one.
local function read_titles(path)
  local titles = {}
  for line in io.lines(path) do
    local key, title = line:match('^([%d. ]+): (.*)$')
    if key then titles[key] = title end
  end
  return titles
end

local function section_as_html(key, title, places)
  local number, section = key:match('(%d+) (.*)')
  local out = { ('<h3 id="rfc%s-%s">§%s%s</h3>\n<ul>'):format(number, section, section,
                                                       title and ' ' .. title or '') }
  local last
  for _, place in ipairs(places) do
    local heading = place.heading.text:gsub('%s*¶$', '')
    local where = place.page.title
    if heading ~= '' and heading ~= where then where = where .. ': ' .. heading end
    if where ~= last then
      out[#out + 1] = ('<li><a href="%s#%s">%s</a></li>'):format(place.page.name, place.anchor, where)
    end
    last = where
  end
  out[#out + 1] = '</ul>'
  return table.concat(out, '\n')
end

function rfc.index(titles_path)
  local titles, keys = read_titles(titles_path), {}
  for key in pairs(rfc.places) do keys[#keys + 1] = key end
  table.sort(keys, before)
  local out, number = { '<h1>Where each RFC section is told</h1>' }, nil
  for _, key in ipairs(keys) do
    if key:match('%d+') ~= number then
      number = key:match('%d+')
      local title = titles[number]
      out[#out + 1] = ('<h2 id="rfc%s">RFC %s%s</h2>'):format(number, number, title and ', ' .. title or '')
    end
    out[#out + 1] = section_as_html(key, titles[key], rfc.places[key])
  end
  return table.concat(out, '\n')
end

return rfc
