# Resolves gems with Bundler, fetches, unpacks and packs them, in a cell that reaches nothing but a package index while it resolves and fetches.
#
#   packages.rb index                                       prints the index that RubyGems uses unless it is told of another
#   packages.rb resolve INDEX                               wanted.txt -> Gemfile.lock, which is printed too
#   packages.rb install INDEX FOLDER MAX_FILES MAX_BYTES    Gemfile.lock -> FOLDER, as RubyGems finds gems
#   packages.rb pack FOLDER MAX_FILES MAX_BYTES
#
# wanted.txt has the mark "-- gems --", a gem with its versions on each line, and behind another mark the Gemfile.lock whose versions are kept.
# The lock is a Gemfile.lock with the checksum of each gem. Nothing of a gem is run, and nothing is compiled: a gem with an extension that is
# not compiled is an error, unless Ruby has that gem itself, as is a link, a device, a path that leads elsewhere, and a gem that Ruby would load at each start. The stream of `pack`
# is "RYPACK1\n" and entries of: mode as 1 byte (1: executable), length of the path as 2 bytes, of the content as 8, both big endian, path,
# content; then an entry without path and content. Order and content depend on the gems alone.

require "digest"
require "fileutils"
require "net/http"
require "rubygems/package"
require "uri"
require "zlib"

GEMS_MARK = "-- gems --\n"
KNOWN_MARK = "-- known Gemfile.lock --\n"
PROJECT = "/tmp/project"
FETCHED = "/tmp/fetched"
PIECE = 1 << 16
METADATA_BYTES = 4 << 20
AT_ONCE = 6
# As Bundler writes them: name, version, platform where it is for one.
SPEC = /^    (\S+) \(([^()\s-]+)(?:-(\S+))?\)$/
NEED = /^      (\S+)/
DEPENDENCIES = /^DEPENDENCIES\n(?:  .*\n)*/
GEM_NAME = /\A[A-Za-z0-9][A-Za-z0-9._-]*\z/
FOLDER = %r{\A(?!\.\.(?:/|\z))[A-Za-z0-9_.+-]+(?:/(?!\.\.(?:/|\z))[A-Za-z0-9_.+-]+)*/?\z}
SUM = /^  (\S+) \((\S+)\) (?:\S*,)?sha256=([0-9a-f]{64})/

LockedGem = Struct.new(:name, :version, :platform, :needs, :checksum) do
  def full_name = [name, version, platform].compact.join("-")
end

def fail_with(message)
  warn message
  exit 3
end

# On one line, without what a terminal or a reader of lines takes for more: what a gem says of itself is part of messages.
def plain(text) = text.to_s[0, 300].dump[1..-2]

def read_lock(text)
  gems = []
  text.each_line(chomp: true) do |line|
    if (found = SPEC.match(line)) then gems << LockedGem.new(*found.captures, [], nil)
    elsif (found = NEED.match(line)) then gems.last.needs << found[1]
    elsif (found = SUM.match(line))
      gem = gems.find { |one| one.full_name == "#{found[1]}-#{found[2]}" }
      gem.checksum = found[3] if gem
    end
  end
  gems
end

def index_of(address) = URI(address.end_with?("/") ? address : "#{address}/")

# The gems that Ruby loads before any program, and which it would load newer ones of.
def at_start = IO.popen([RbConfig.ruby, "-e", "puts Gem.loaded_specs.keys"], &:read).split

def resolve(address)
  wanted, known = File.read("wanted.txt").delete_prefix(GEMS_MARK).split(KNOWN_MARK, 2)
  lines = wanted.lines(chomp: true).reject(&:empty?).map { |line| line.split(", ") }
  FileUtils.mkdir_p(PROJECT)
  $index = index_of(address)
  locked = known ? read_lock(known) : []
  File.write("#{PROJECT}/Gemfile.lock", known.gsub(/^  remote: .*$/, "  remote: #{$index}")) if known
  # The index lists those that were asked for, and what they need.
  in_parallel(lines.map(&:first) | locked.map(&:name)) { |name, http| http.get($index.merge("info/#{name}").path) }
  said = bundle_lock(lines) || exit(1)
  text = without_own_gems(with_own_compiled(said, lines, locked.map(&:name)))
  gems = read_lock(text)
  fail_with "Ruby has these gems itself, so none is installed: #{lines.map(&:first).join(", ")}" if gems.empty?
  gems.each do |gem|
    before = locked.find { |one| one.full_name == gem.full_name }
    fail_with "#{gem.full_name} has another checksum in the index than in the lock" if before&.checksum && before.checksum != gem.checksum
  end
  File.write("Gemfile.lock", text)
  $stdout.write(text)
end

# The lock that Bundler makes of the gems in `lines`; nil when there is none. Where `pins` has versions of gems, they are chosen.
def bundle_lock(lines, pins = {})
  pinned = pins.map { |name, version| [*(lines.assoc(name) || [name]), "= #{version}"] }
  asked = lines.reject { |name,| pins.key?(name) } + pinned
  File.write("#{PROJECT}/Gemfile", "source #{$index.to_s.dump}\n#{asked.map { |line| "gem #{line.map(&:dump).join(", ")}\n" }.join}")
  # Printed: Bundler 2.6 writes none that has only more checksums. What it says of a trial explains no failure.
  said = IO.popen(%w[bundle lock --add-checksums --print], chdir: PROJECT, err: pins.empty? ? :err : File::NULL, &:read)
  said if $?.success?
end

# Versions of the gems with an extension that come with Ruby, by their names: of newer ones the index has the source, which would be compiled.
def own_compiled
  Gem::Specification.reject { |spec| spec.extensions.empty? }.group_by(&:name).transform_values { |all| all.map(&:version).max }
end

# A lock with Ruby's own version of each of these, as far as what is asked for and what it needs allow it. Those in `kept` stay as they are.
def with_own_compiled(said, lines, kept)
  own = own_compiled.reject do |name, version|
    _, *ranges = lines.assoc(name)
    kept.include?(name) || !Gem::Requirement.new(ranges).satisfied_by?(version)
  end
  best = said
  pins = {}
  loop do
    newer = read_lock(best).filter_map { |gem| gem.name if gem.platform.nil? && own[gem.name] && own[gem.name].to_s != gem.version }
    break if newer.empty?
    # All at once, which most need; else each that can be.
    [newer, *(newer.length > 1 ? newer.map { |name| [name] } : [])].each do |names|
      trial = pins.merge(own.slice(*names))
      found = bundle_lock(lines, trial) or next
      best = found
      pins = trial
      break if names == newer
    end
    newer.each { |name| own.delete(name) }
  end
  # As it was asked for.
  best.sub(DEPENDENCIES) { said[DEPENDENCIES] }
end

# Gems that come with Ruby, and which the index does not have, or only to be compiled, are not installed.
def without_own_gems(text)
  gems = read_lock(text)
  absent = gems.reject(&:checksum)
  absent.each { |gem| fail_with "not in the index: #{gem.name} #{gem.version}" unless Gem::Specification.any? { |spec| spec.full_name == gem.full_name } }
  names = (absent + own_of(gems)).map(&:name)
  section = nil
  is_own = false
  text.lines.reject do |line|
    section = line.chomp if line.match?(/^[A-Z]/)
    if (found = /^ {2}(?: {2})?(\S+) \(/.match(line)) then is_own = %w[GEM CHECKSUMS].include?(section) && names.include?(found[1])
    elsif !line.start_with?("      ") then is_own = false
    end
    is_own
  end.join
end

# Those that Ruby has itself, in this version, compiled.
def own_of(gems)
  own = own_compiled
  gems.select { |gem| gem.platform.nil? && own[gem.name].to_s == gem.version }
end

# Calls the block with each, and a connection, several at a time. The first error ends it.
def in_parallel(list)
  left = Queue.new
  list.each { |one| left << one }
  left.close
  workers = [AT_ONCE, list.length].min.times.map do
    Thread.new do
      Thread.current.report_on_exception = false
      Net::HTTP.start($index.host, $index.port, nil) do |http|
        while (one = left.pop) do yield one, http end
      end
    ensure
      # Empty unless this one failed.
      left.clear
    end
  end
  workers.each(&:join)
end

# Of several of one name and version, that for this platform.
def chosen(gems)
  gems.group_by(&:name).map do |name, all|
    fitting = all.select { |gem| Gem::Platform.match_gem?(Gem::Platform.new(gem.platform || "ruby"), name) }
    fail_with "the lock has no #{name} for #{Gem::Platform.local}" if fitting.empty?
    best = fitting.max_by { |gem| gem.platform.to_s.length }
    fail_with "the lock has two versions of #{name}" if all.map(&:version).uniq.length > 1
    best
  end
end

def fetch(gem, http)
  http.get($index.merge("info/#{gem.name}").path)
  digest = Digest::SHA256.new
  http.request_get($index.merge("files/gems/#{gem.full_name}.gem").path) do |answer|
    fail_with "not in the index: #{gem.name} #{gem.version}" if answer.code == "404"
    fail_with "the index answers #{answer.code} for #{gem.full_name}" unless answer.code == "200"
    File.open("#{FETCHED}/#{gem.full_name}.gem", "wb") do |file|
      answer.read_body do |piece|
        digest << piece
        file.write(piece)
      end
    end
  end
  fail_with "#{gem.full_name} has another checksum than the lock says" unless digest.hexdigest == gem.checksum
end

# What is counted over all gems.
Bounds = Struct.new(:max_files, :max_bytes, :files, :bytes) do
  def count(file: 0, piece: 0)
    self.files += file
    self.bytes += piece
    fail_with "too large: more than #{max_files} files" if files > max_files
    fail_with "too large: more than #{max_bytes} bytes" if bytes > max_bytes
  end
end

def install(address, folder, max_files, max_bytes)
  $index = index_of(address)
  bounds = Bounds.new(max_files, max_bytes, 0, 0)
  locked = chosen(read_lock(File.read("Gemfile.lock")))
  gems = locked - own_of(locked)
  starting = at_start
  gems.each { |gem| fail_with "#{gem.name} would run at each start of Ruby" if starting.include?(gem.name) }
  FileUtils.mkdir_p([FETCHED, "#{folder}/gems", "#{folder}/specifications"])
  in_parallel(gems) { |gem, http| fetch(gem, http) }
  gems.each do |gem|
    path = "#{FETCHED}/#{gem.full_name}.gem"
    spec = read_metadata(path, gem)
    unpack(path, gem, "#{folder}/gems/#{gem.full_name}", bounds)
    # As Ruby code, which each program runs.
    File.write("#{folder}/specifications/#{gem.full_name}.gemspec", spec.to_ruby_for_cache)
    File.delete(path)
  end
  # Ruby has a version of its own of these, of which RubyGems takes the newest: that of the lock counts.
  own = gems.select { |gem| Gem::Specification.any? { |spec| spec.name == gem.name } }
  File.write("#{folder}/activate.rb", own.map { |gem| "gem #{gem.name.dump}, #{"= #{gem.version}".dump}\n" }.join)
end

# Calls the block with each part of a gem that has a name.
def each_part(path, name)
  found = 0
  File.open(path, "rb") do |file|
    Gem::Package::TarReader.new(file).each do |part|
      next unless part.full_name == name
      fail_with "#{File.basename(path)} has #{name} twice" if (found += 1) > 1
      yield part
    end
  end
  fail_with "#{File.basename(path)} has no #{name}" if found.zero?
rescue Gem::Package::TarInvalidError, Zlib::Error, ArgumentError => error
  fail_with "#{File.basename(path)} is no gem: #{plain(error.message)}"
end

def read_metadata(path, gem)
  yaml = nil
  each_part(path, "metadata.gz") { |part| yaml = Zlib::GzipReader.wrap(part) { |text| text.read(METADATA_BYTES + 1) } }
  fail_with "the metadata of #{gem.full_name} are empty" if yaml.nil?
  fail_with "the metadata of #{gem.full_name} have more than #{METADATA_BYTES} bytes" if yaml.bytesize > METADATA_BYTES
  begin
    spec = Gem::Specification.from_yaml(yaml.force_encoding("UTF-8"))
    said = [spec.name, spec.version, spec.platform].map(&:to_s)
    extension = spec.extensions.first
    needs = spec.runtime_dependencies.to_h { |need| [need.name.to_s, need.requirement.as_list.map(&:to_s)] }
    folders = spec.raw_require_paths.map(&:to_s)
    used = usable_spec(gem, folders, needs)
  rescue StandardError, SystemStackError => error
    fail_with "the metadata of #{gem.full_name} cannot be read: #{plain(error.message)}"
  end
  fail_with "#{gem.full_name} says in itself that it is #{plain(said.join("-"))}" unless said == [gem.name, gem.version, gem.platform || "ruby"]
  fail_with "needs-build: #{gem.name} #{gem.version} has an extension (#{plain(extension)})" if extension
  more = needs.keys - gem.needs
  fail_with "#{gem.full_name} needs #{plain(more.join(", "))}, which the index does not say" unless more.empty?
  odd = folders.find { |folder| !FOLDER.match?(folder) } || needs.keys.find { |name| !GEM_NAME.match?(name) }
  fail_with "the metadata of #{gem.full_name} have the name #{plain(odd)}" if odd
  used
end

# With nothing of what a gem says of itself but what `require` needs: RubyGems writes some of it into Ruby code as it is.
def usable_spec(gem, folders, needs)
  Gem::Specification.new do |spec|
    spec.name = gem.name
    spec.version = gem.version
    spec.platform = gem.platform || "ruby"
    spec.summary = gem.name
    spec.authors = []
    spec.require_paths = folders
    needs.each { |name, ranges| spec.add_runtime_dependency(name, *ranges) }
  end
end

def unpack(path, gem, folder, bounds)
  Dir.mkdir(folder)
  each_part(path, "data.tar.gz") do |part|
    Zlib::GzipReader.wrap(part) do |data|
      Gem::Package::TarReader.new(data).each do |entry|
        next if entry.directory?
        shown = entry.full_name
        fail_with "#{plain(shown)} of #{gem.full_name} is no plain file; packages may hold plain files only" unless entry.file?
        write_entry(entry, "#{folder}/#{clean(shown, gem)}", bounds)
      end
    end
  end
end

def clean(path, gem)
  bare = path.dup.force_encoding("UTF-8").delete_prefix("./")
  parts = bare.valid_encoding? ? bare.split("/", -1) : []
  is_clean = !parts.empty? && parts.none? { |part| ["", ".", ".."].include?(part) || part.include?("\0") }
  fail_with "#{gem.full_name} has the path #{path[0, 300].dump}; packages may hold files below their folder only" unless is_clean
  bare
end

def write_entry(entry, place, bounds)
  bounds.count(file: 1)
  FileUtils.mkdir_p(File.dirname(place))
  File.open(place, File::WRONLY | File::CREAT | File::EXCL, entry.header.mode & 0o100 == 0 ? 0o644 : 0o755) do |file|
    while (piece = entry.read(PIECE))
      bounds.count(piece: piece.bytesize)
      file.write(piece)
    end
  end
end

def pack(folder, max_files, max_bytes)
  bounds = Bounds.new(max_files, max_bytes, 0, 0)
  $stdout.binmode
  $stdout.write("RYPACK1\n")
  files = Dir.glob("**/*", File::FNM_DOTMATCH, base: folder).reject { |path| File.directory?("#{folder}/#{path}") }
  files.sort.each do |path|
    place = "#{folder}/#{path}"
    status = File.lstat(place)
    fail_with "#{plain(path)} is no plain file; packages may hold plain files only" unless status.file?
    bounds.count(file: 1, piece: status.size)
    $stdout.write([status.mode & 0o100 == 0 ? 0 : 1, path.bytesize, status.size].pack("CnQ>"), path)
    IO.copy_stream(place, $stdout)
  end
  $stdout.write([0, 0, 0].pack("CnQ>"))
  $stdout.flush
end

$stderr.sync = true
verb, first, *rest = ARGV
begin
  case verb
  when "index" then puts Gem.default_sources
  when "resolve" then resolve(first)
  when "install" then install(first, rest[0], Integer(rest[1]), Integer(rest[2]))
  else pack(first, Integer(rest[0]), Integer(rest[1]))
  end
rescue StandardError => error
  # Those who asked see it: no trace.
  fail_with plain("#{error.message} (#{error.class})")
end
