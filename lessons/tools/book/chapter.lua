-- A Markdown text of the course as HTML. pandoc reads and writes it; in between, links lead to pages
-- of the book, pictures take the place of their letters, hints are folded, pitfalls get an anchor,
-- and frames lead to the lab (wire.lua).

local wire = require 'wire'

local chapter = {}

local function html(code) return pandoc.RawBlock('html', code) end
local function slug(words)
  return (words:lower():gsub('[^%w%s-]', ''):gsub('%s+', '-'))
end

-- --- paths ---------------------------------------------------------------------------------------

-- "lessons/05-frames/../../src/ws/error.hpp" without the detour.
local function tidy(path)
  local parts = {}
  for part in path:gmatch('[^/]+') do
    if part == '..' then table.remove(parts) elseif part ~= '.' then parts[#parts + 1] = part end
  end
  return table.concat(parts, '/')
end

local function folder_of(path) return path:match('^(.*)/') or '' end

-- What a text at `source` means by this path.
function chapter.resolve(source, path)
  local folder = folder_of(source)
  return tidy(folder == '' and path or folder .. '/' .. path)
end

function chapter.read(path)
  local file = assert(io.open(path), path .. ' cannot be read')
  local contents = file:read('a')
  file:close()
  return contents
end

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end
chapter.exists = exists

-- --- code ----------------------------------------------------------------------------------------

local languages = { cpp = 'cpp', hpp = 'cpp', sh = 'bash', html = 'html', js = 'javascript', patch = 'diff',
                    conf = 'default' }

-- Colours are pandoc's; its anchors for single lines are not needed.
function chapter.coloured(code, language)
  local block = pandoc.CodeBlock(code, pandoc.Attr('', { language }))
  return (pandoc.write(pandoc.Pandoc { block }, 'html5')
    :gsub('<a href="#cb%d+%-%d+"[^>]*></a>', '')
    :gsub('<span id="cb%d+%-%d+">', '<span>')
    :gsub('<div class="sourceCode" id="cb%d+">', '<div class="sourceCode">')
    :gsub('<pre%s', '<pre tabindex="0" '))
end

-- A whole file as the text of a page.
function chapter.source(path)
  local language = languages[path:match('%.(%w+)$')]
  local code = chapter.read(path):gsub('\n$', '')
  local shown = language and language ~= 'default' and chapter.coloured(code, language) or
                '<pre tabindex="0"><code>' .. wire.block(code) .. '</code></pre>'
  return '<h1>' .. wire.escape(path:gsub('^lessons/', '')) .. '</h1>\n' .. shown
end

-- --- pictures ------------------------------------------------------------------------------------

-- Its letters are the picture's description: for those who cannot see it, and for those who rather
-- read it.
local function picture(path, letters)
  local svg = chapter.read(path):gsub('^<%?xml.-%?>%s*', ''):gsub('<!%-%-.-%-%->%s*', '')
  return html('<figure>\n<div class="picture" tabindex="0">' .. svg .. '</div>\n<details><summary>The picture in letters</summary>\n' ..
              '<pre tabindex="0"><code>' .. wire.escape(letters) .. '</code></pre></details></figure>')
end

-- --- blocks --------------------------------------------------------------------------------------

-- Below "## The picture" the first block of letters is drawn in picture.svg, in the text's folder; that
-- of the whole course below "## The storeys" in src/storeys.svg.
local function drawn_below(heading, source)
  local name = heading:match('^The (%l+)$')
  local folder = source:find('/') and folder_of(source) or 'src'
  local path = name and ('%s/%s.svg'):format(folder, name)
  return path and exists(path) and path or nil
end

-- What the markers of the texts say of the code that comes next, and pictures.
local function with_markers(blocks, source, book)
  local out, next_picture = {}, nil
  for _, block in ipairs(blocks) do
    local comment = block.t == 'RawBlock' and block.text:match('^<!%-%-%s*(.-)%s*%-%->%s*$')
    if comment then
      local kind, about = comment:match('^(%w+):?%s*(.*)$')
      local file = kind == 'code' and about:match('^%S+')
      local path = file and (file:find('/') and exists(file) and file or folder_of(source) .. '/' .. file)
      if path and exists(path) then
        out[#out + 1] = html(('<p class="from"><a href="%s">%s</a></p>'):format(
          book.page_of(path), wire.escape(file)))
      end
    elseif block.t == 'CodeBlock' and next_picture then
      out[#out + 1] = picture(next_picture, block.text)
      next_picture = nil
    else
      if block.t == 'Header' then next_picture = drawn_below(pandoc.utils.stringify(block), source) end
      out[#out + 1] = block
    end
  end
  return pandoc.Blocks(out)
end

local levels = { 'Hint 1, a nudge', 'Hint 2, where to look', 'Hint 3, the shape of the answer' }

-- Below "## 2 Write a header" the parts "### 1" to "### 3" are folded, so nobody reads the third by
-- accident.
local function folded(blocks)
  local out, open = {}, false
  local function close()
    if open then out[#out + 1] = html('</details>') end
    open = false
  end
  for _, block in ipairs(blocks) do
    local level = block.t == 'Header' and block.level == 3 and tonumber(pandoc.utils.stringify(block))
    if block.t == 'Header' then close() end
    if level then
      out[#out + 1] = html('<details class="hint"><summary>' .. (levels[level] or level) .. '</summary>')
      open = true
    else
      out[#out + 1] = block
    end
  end
  close()
  return pandoc.Blocks(out)
end

-- "## 2 Write a header" in exercises.md and hints.md: one anchor, and each leads to the other.
local function exercise_headings(blocks, source, book)
  local other = source:find('hints%.md$') and { 'exercises', 'the exercise' } or { 'hints', 'hints' }
  local path = folder_of(source) .. '/' .. other[1] .. '.md'
  local out = {}
  for _, block in ipairs(blocks) do
    local number = block.t == 'Header' and block.level == 2 and
                   pandoc.utils.stringify(block):match('^(%d+) ')
    if number then block.identifier = 'exercise-' .. number end
    out[#out + 1] = block
    if number and exists(path) then
      out[#out + 1] = html(('<p class="from"><a href="%s#exercise-%s">%s</a></p>'):format(
        book.page_of(path), number, other[2]))
    end
  end
  return pandoc.Blocks(out)
end

-- --- the whole -------------------------------------------------------------------------------------

-- In a first column of what a client sends, each frame is the client's, whatever its mask says.
local raw_column = {
  Table = function(element)
    local head = element.head.rows[1]
    local first = head and head.cells[1] and pandoc.utils.stringify(head.cells[1].contents) or ''
    if first ~= '--raw' and first ~= 'sent' then return nil end
    for _, body in ipairs(element.bodies) do
      for _, row in ipairs(body.body) do
        row.cells[1].contents = row.cells[1].contents:walk { Code = function(code)
          local link = wire.inline(code.text, 'client')
          return link and pandoc.RawInline('html', link)
        end }
      end
    end
    return element
  end,
}

local function filter(page, book)
  local source = page.source
  return {
    CodeBlock = function(block)
      local language = block.classes[1]
      if language then return html(chapter.coloured(block.text, language)) end
      return html('<pre tabindex="0"><code>' .. wire.block(block.text) .. '</code></pre>')
    end,
    Code = function(code)
      local link = wire.inline(code.text)
      return link and pandoc.RawInline('html', link)
    end,
    Link = function(link)
      local target = link.target
      if target:match('^%a+://') then return nil end
      local path, fragment = target:match('^([^#]*)(#?.*)$')
      if path ~= '' then link.target = book.page_of(tidy(folder_of(source) .. '/' .. path)) .. fragment end
      return link
    end,
    BlockQuote = function(quote)
      local words = pandoc.utils.stringify(quote)
      local name = words:match('^Pitfall: (.-)[.?!]')
      if not name then return nil end
      local id = 'pitfall-' .. slug(name)
      book.pitfall(page, id, name)
      local blocks = pandoc.Blocks { html(('<div class="pitfall" id="%s"><a class="self" href="#%s" title="link to this pitfall">¶</a>'):format(id, id)) }
      blocks:extend(quote.content)
      blocks:insert(html('</div>'))
      return blocks
    end,
  }
end

-- Where a long name in a table may be broken, so that three columns fit on a phone.
local function breakable(cell)
  return (cell:gsub('<code>([^<]+)</code>', function(name)
    if #name <= 12 then return nil end
    return '<code>' .. name:gsub('::', '%0<wbr>'):gsub('[/_,({]', '%0<wbr>') .. '</code>'
  end))
end

-- What is easier to say in HTML than in pandoc's tree.
local function finished(code)
  return (code
    -- A head of a table without words is none.
    :gsub('<thead>%s*<tr[^>]*>%s*<th[^>]*></th>%s*<th[^>]*></th>%s*</tr>%s*</thead>', '')
    :gsub('<th[^>]*></th>', '<td></td>')
    :gsub('<t[dh].->.-</t[dh]>', breakable)
    -- A table may be wider than a phone: it is moved in a frame of its own.
    :gsub('<table', '<div class="table" tabindex="0"><table'):gsub('</table>', '</table></div>')
    :gsub('<(h[234]) id="([^"]+)">(.-)</h[234]>',
          '<%1 id="%2">%3 <a class="self" href="#%2" title="link to this section">¶</a></%1>'))
end

-- The title and the HTML of the page's text.
function chapter.page(page, book)
  local document = pandoc.read(chapter.read(page.source), 'gfm')
  local blocks = with_markers(document.blocks, page.source, book)
  if page.source:find('/hints%.md$') or page.source:find('/exercises%.md$') then
    blocks = exercise_headings(blocks, page.source, book)
  end
  if page.source:find('/hints%.md$') then blocks = folded(blocks) end
  blocks = blocks:walk(raw_column):walk(filter(page, book))
  -- Lines are not wrapped anew: "RFC 6455 §5.2" stays on one.
  local options = pandoc.WriterOptions { wrap_text = 'wrap-none' }
  return finished(pandoc.write(pandoc.Pandoc(blocks), 'html5', options))
end

function chapter.title(path)
  return chapter.read(path):match('^# ([^\n]+)') or path
end

return chapter
