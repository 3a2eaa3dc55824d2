-- The course as a book: which pages there are, in which order, and what stands around their text.
-- Runs inside pandoc as a filter of an empty document (book.sh), so that one process reads and
-- writes all pages. The environment: BOOK, the folder to write to; LAB, the frame lab's page in it;
-- TEACHER, whether the teacher's pages belong to it.

local tools = PANDOC_SCRIPT_FILE:match('^(.*)/')
package.path = tools .. '/?.lua;' .. package.path
local chapter, wire, rfc, links = require 'chapter', require 'wire', require 'rfc', require 'links'

local folder = os.getenv('BOOK')
local teacher = os.getenv('TEACHER') ~= ''
wire.lab = os.getenv('LAB') ~= '' and os.getenv('LAB') or nil

local book = { pages = {}, by_source = {}, order = {}, pitfalls = {} }

-- --- pages -----------------------------------------------------------------------------------------

local function name_of(source)
  if source == 'README.md' then return 'course.html' end
  return source:gsub('^lessons/', ''):gsub('/README%.md$', ''):gsub('%.md$', ''):gsub('/', '-') .. '.html'
end

-- A page of a file of the repository; the same one each time.
local function page_for(source)
  local page = book.by_source[source]
  if not page then
    assert(chapter.exists(source), source .. ': a text links to it, and there is no such file')
    page = { source = source, name = name_of(source) }
    page.title = source:find('%.md$') and chapter.title(source) or source:gsub('^lessons/', '')
    book.by_source[source] = page
    book.pages[#book.pages + 1] = page
  end
  return page
end

-- Where a text links to. What no list below has comes into the book by being linked to.
function book.page_of(source) return page_for(source).name end

function book.pitfall(page, id, name)
  book.pitfalls[#book.pitfalls + 1] = { page = page, id = id, name = name }
end

-- A page that is read one after the other, if there is such a file.
local function in_order(source, label, lesson)
  if not chapter.exists(source) then return end
  local page = page_for(source)
  page.label, page.lesson = label, lesson
  book.order[#book.order + 1] = page
  if lesson then lesson.pages[#lesson.pages + 1] = page end
end

local function made(name, title, html)
  local page = { name = name, title = title, html = html }
  book.pages[#book.pages + 1] = page
  book.order[#book.order + 1] = page
  return page
end

local function lines_of(command)
  local lines, pipe = {}, assert(io.popen(command))
  for line in pipe:lines() do lines[#lines + 1] = line end
  pipe:close()
  return lines
end

-- Wrong solutions on one page, each with what the check says to it.
local function mutants(lesson)
  local html = { '<h1>Wrong solutions of lesson ' .. lesson.number .. '</h1>' }
  for _, path in ipairs(lines_of('ls ' .. lesson.folder .. '/mutants/*.patch 2>/dev/null')) do
    local name = path:match('([^/]+)%.patch$')
    html[#html + 1] = ('<h2 id="%s">%s</h2>'):format(name, name)
    html[#html + 1] = chapter.coloured(chapter.read(path):gsub('\n$', ''), 'diff')
  end
  local page = made(lesson.name .. '-mutants.html', 'Wrong solutions of lesson ' .. lesson.number,
                    table.concat(html, '\n'))
  page.label, page.lesson = 'wrong solutions', lesson
  lesson.pages[#lesson.pages + 1] = page
end

local function lesson_pages(path)
  local lesson = { folder = path, name = path:match('[^/]+$'), pages = {} }
  lesson.number = tonumber(lesson.name:match('^%d+'))
  local function add(file, label) in_order(path .. '/' .. file, label, lesson) end
  add('README.md', 'text')
  add('bare/server.cpp', 'bare server')
  add('bare/client.cpp', 'bare client')
  add('server.cpp', 'server.cpp')
  add('client.cpp', 'client.cpp')
  add('wire.txt', 'the wire')
  add('exercises.md', 'exercises')
  add('hints.md', 'hints')
  if teacher then
    add('teacher.md', 'for the teacher')
    add('starter.md', 'the holes')
    mutants(lesson)
  end
  return lesson
end

local function collect()
  in_order('README.md')
  book.lessons = {}
  for _, path in ipairs(lines_of('ls -d lessons/[0-9][0-9]-*')) do
    book.lessons[#book.lessons + 1] = lesson_pages(path)
  end
  in_order('src/README.md')
  in_order('lessons/TEACHING.md')
  in_order('tests/conformance/README.md')
end

-- --- what stands around a text -----------------------------------------------------------------------

local frame = [[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>@TITLE@</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="book.css">
@RELATED@</head>
<body>
<header>
<nav aria-label="The book"><a href="index.html">Contents</a> @BESIDE@</nav>
</header>
<main>
@TEXT@
</main>
@TURN@</body>
</html>
]]

local function link(page, words, attributes)
  return ('<a href="%s"%s>%s</a>'):format(page.name, attributes or '', words)
end

-- The pages of the same lesson.
local function beside(page)
  if not page.lesson then return '' end
  local out = { '<span class="lesson">Lesson ' .. page.lesson.number .. ':</span>' }
  for _, other in ipairs(page.lesson.pages) do
    out[#out + 1] = link(other, other.label, other == page and ' aria-current="page"' or nil)
  end
  return table.concat(out, '\n')
end

local function turn(page)
  if not page.previous and not page.next then return '' end
  local out = { '<footer>\n<nav aria-label="Previous and next">' }
  if page.previous then out[#out + 1] = link(page.previous, '← ' .. wire.escape(page.previous.title), ' rel="prev"') end
  if page.next then out[#out + 1] = link(page.next, wire.escape(page.next.title) .. ' →', ' rel="next"') end
  out[#out + 1] = '</nav>\n</footer>\n'
  return table.concat(out, '\n')
end

local function related(page)
  local out = ''
  if page.previous then out = out .. ('<link rel="prev" href="%s">\n'):format(page.previous.name) end
  if page.next then out = out .. ('<link rel="next" href="%s">\n'):format(page.next.name) end
  return out
end

local function write(page)
  local parts = { TITLE = wire.escape(page.title), RELATED = related(page), BESIDE = beside(page),
                  TEXT = page.html, TURN = turn(page) }
  local file = assert(io.open(folder .. '/' .. page.name, 'w'))
  file:write((frame:gsub('@(%u+)@', parts)))
  file:close()
end

-- --- contents, pitfalls ------------------------------------------------------------------------------

-- The table of lessons in the README says what each builds, and where a part of the course begins.
local function lessons_table()
  local parts, builds, part = {}, {}, nil
  for line in chapter.read('README.md'):gmatch('[^\n]+') do
    local roman, name = line:match('^| %*%*(%u+)%*%* | %*%*(.-)%*%* |')
    if roman then part = roman .. '. ' .. name end
    local folder_name, what = line:match('^| %d+ | %[.-%]%(lessons/([^/]+)/README%.md%) | ([^|]*)')
    if folder_name then
      builds[folder_name], parts[folder_name], part = what, part, nil
    end
  end
  return parts, builds
end

local function contents()
  local parts, builds = lessons_table()
  local out = { '<h1>' .. wire.escape(book.by_source['README.md'].title) .. '</h1>',
                '<p class="lead">' .. link(book.by_source['README.md'], 'What this course is, and how to begin') .. '</p>' }
  local open = false
  for _, lesson in ipairs(book.lessons) do
    local part = parts[lesson.name]
    if part or not open then
      if open then out[#out + 1] = '</ol>' end
      if part then out[#out + 1] = '<h2>' .. wire.escape(part) .. '</h2>' end
      out[#out + 1] = ('<ol class="lessons" start="%d">'):format(lesson.number)
      open = true
    end
    out[#out + 1] = ('<li value="%d">'):format(lesson.number) ..
                    link(lesson.pages[1], '<strong>' .. lesson.name:gsub('^%d+%-', '') .. '</strong>')
    if builds[lesson.name] then
      out[#out + 1] = pandoc.write(pandoc.read(builds[lesson.name], 'gfm'), 'html5')
    end
    out[#out + 1] = '<p class="parts">'
    for i = 2, #lesson.pages do out[#out + 1] = link(lesson.pages[i], lesson.pages[i].label) end
    out[#out + 1] = '</p></li>'
  end
  out[#out + 1] = '</ol>\n<h2>Beside the lessons</h2>\n<ul>'
  if wire.lab then
    out[#out + 1] = ('<li><a href="%s">The frame lab</a>: a frame, bit by bit</li>'):format(wire.lab)
  end
  for _, page in ipairs(book.order) do
    if not page.lesson and page.source ~= 'README.md' then
      out[#out + 1] = '<li>' .. link(page, wire.escape(page.title)) .. '</li>'
    end
  end
  out[#out + 1] = '</ul>'
  return table.concat(out, '\n')
end

local function pitfalls()
  local out, last = { '<h1>Pitfalls</h1>\n<p>Mistakes that people really made, where each is told.</p>' }, nil
  for _, pitfall in ipairs(book.pitfalls) do
    if pitfall.page ~= last then
      if last then out[#out + 1] = '</ul>' end
      out[#out + 1] = '<h2>' .. wire.escape(pitfall.page.title) .. '</h2>\n<ul>'
      last = pitfall.page
    end
    out[#out + 1] = ('<li><a href="%s#%s">%s</a></li>'):format(pitfall.page.name, pitfall.id,
                                                             wire.escape(pitfall.name))
  end
  if last then out[#out + 1] = '</ul>' end
  return table.concat(out, '\n')
end

-- Pictures of files: they are copied, and the text asks for the copy.
local function copied_pictures(html, source)
  return (html:gsub('(%f[%w]src%w*)="([^":]+%.%a+)"', function(attribute, named)
    local path = chapter.resolve(source, named)
    local name = path:gsub('/', '-')
    local file = assert(io.open(folder .. '/' .. name, 'wb'))
    file:write(chapter.read(path))
    file:close()
    return ('%s="%s"'):format(attribute, name)
  end))
end

-- --- the whole -----------------------------------------------------------------------------------------

-- Pages are found while others are rendered: a text's links bring them in.
local function render()
  local at = 1
  while at <= #book.pages do
    local page = book.pages[at]
    if not page.html then
      page.html = page.source:find('%.md$') and copied_pictures(chapter.page(page, book), page.source) or
                  chapter.source(page.source)
    end
    page.html = rfc.link(page.html, page)
    at = at + 1
  end
end

function Pandoc(_)
  collect()
  render()
  made('pitfalls.html', 'Pitfalls', pitfalls())
  made('rfc.html', 'Where each RFC section is told', rfc.index(tools .. '/rfc_titles.txt'))
  table.insert(book.order, 1, { name = 'index.html', title = 'Contents' })
  book.order[1].html = contents()
  table.insert(book.pages, book.order[1])
  for i, page in ipairs(book.order) do page.previous, page.next = book.order[i - 1], book.order[i + 1] end
  for _, page in ipairs(book.pages) do write(page) end
  local dead = links.dead(folder, book.pages)
  for _, fault in ipairs(dead) do io.stderr:write('book: ', fault, '\n') end
  if #dead > 0 then os.exit(1) end
  return pandoc.Pandoc {}
end
