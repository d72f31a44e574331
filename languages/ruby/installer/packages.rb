# Resolves gems with Bundler, fetches, unpacks and packs them, in a cell that reaches nothing but a package index while it resolves and fetches.
#
#   packages.rb index                                       prints the index that RubyGems uses unless it is told of another
#   packages.rb resolve INDEX                               wanted.txt -> Gemfile.lock, which is printed too
#   packages.rb install INDEX FOLDER MAX_FILES MAX_BYTES    Gemfile.lock -> FOLDER, as RubyGems finds gems
#   packages.rb pack FOLDER MAX_FILES MAX_BYTES
#
# wanted.txt has the mark "-- gems --", a gem with its versions on each line, and behind another mark the Gemfile.lock whose versions are kept.
# The lock is a Gemfile.lock with the checksum of each gem. Nothing of a gem is run, and nothing is compiled: a gem with an extension that is
# not compiled is an error, as is a link, a device, a path that leads elsewhere, and a gem that Ruby would load at each start. The stream of `pack`
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
SUM = /^  (\S+) \((\S+)\) (?:\S*,)?sha256=([0-9a-f]{64})/

LockedGem = Struct.new(:name, :version, :platform, :needs, :checksum) do
  def full_name = [name, version, platform].compact.join("-")
end

def fail_with(message)
  warn message
  exit 3
end

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
  File.write("#{PROJECT}/Gemfile", "source #{$index.to_s.dump}\n#{lines.map { |line| "gem #{line.map(&:dump).join(", ")}\n" }.join}")
  locked = known ? read_lock(known) : []
  File.write("#{PROJECT}/Gemfile.lock", known.gsub(/^  remote: .*$/, "  remote: #{$index}")) if known
  # The index lists those that were asked for, and what they need.
  in_parallel(lines.map(&:first) | locked.map(&:name)) { |name, http| http.get($index.merge("info/#{name}").path) }
  # Printed: Bundler 2.6 writes none that has only more checksums.
  said = IO.popen(%w[bundle lock --add-checksums --print], chdir: PROJECT, &:read)
  exit 1 unless $?.success?
  text = without_own_gems(said)
  gems = read_lock(text)
  gems.each do |gem|
    before = locked.find { |one| one.full_name == gem.full_name }
    fail_with "#{gem.full_name} has another checksum in the index than in the lock" if before&.checksum && before.checksum != gem.checksum
  end
  File.write("Gemfile.lock", text)
  $stdout.write(text)
end

# Gems that come with Ruby, and which the index does not have, are not installed.
def without_own_gems(text)
  own = read_lock(text).reject(&:checksum)
  own.each { |gem| fail_with "not in the index: #{gem.name} #{gem.version}" unless Gem::Specification.any? { |spec| spec.full_name == gem.full_name } }
  names = own.map(&:name)
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
  gems = chosen(read_lock(File.read("Gemfile.lock")))
  starting = at_start
  gems.each { |gem| fail_with "#{gem.name} would run at each start of Ruby" if starting.include?(gem.name) }
  FileUtils.mkdir_p([FETCHED, "#{folder}/gems", "#{folder}/specifications"])
  in_parallel(gems) { |gem, http| fetch(gem, http) }
  gems.each do |gem|
    path = "#{FETCHED}/#{gem.full_name}.gem"
    spec = read_metadata(path, gem)
    unpack(path, gem, "#{folder}/gems/#{gem.full_name}", bounds)
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
  fail_with "#{File.basename(path)} is no gem: #{error.message}"
end

def read_metadata(path, gem)
  yaml = nil
  each_part(path, "metadata.gz") { |part| yaml = Zlib::GzipReader.wrap(part) { |text| text.read(METADATA_BYTES + 1) } }
  fail_with "the metadata of #{gem.full_name} have more than #{METADATA_BYTES} bytes" if yaml.bytesize > METADATA_BYTES
  begin
    spec = Gem::Specification.from_yaml(yaml.force_encoding("UTF-8"))
    said = [spec.name, spec.version.to_s, spec.platform.to_s]
    is_same = said == [gem.name, gem.version, gem.platform || "ruby"]
    extensions = spec.extensions
    needs = spec.runtime_dependencies.map(&:name)
  rescue StandardError => error
    fail_with "the metadata of #{gem.full_name} cannot be read: #{error.message}"
  end
  fail_with "#{gem.full_name} says in itself that it is #{said.join("-")}" unless is_same
  fail_with "needs-build: #{gem.name} #{gem.version} has an extension (#{extensions.first.to_s[0, 100]})" unless extensions.empty?
  more = needs - gem.needs
  fail_with "#{gem.full_name} needs #{more.join(", ")[0, 200]}, which the index does not say" unless more.empty?
  spec
end

def unpack(path, gem, folder, bounds)
  Dir.mkdir(folder)
  each_part(path, "data.tar.gz") do |part|
    Zlib::GzipReader.wrap(part) do |data|
      Gem::Package::TarReader.new(data).each do |entry|
        next if entry.directory?
        shown = entry.full_name
        fail_with "#{shown} of #{gem.full_name} is no plain file; packages may hold plain files only" unless entry.file?
        write_entry(entry, "#{folder}/#{clean(shown, gem)}", bounds)
      end
    end
  end
end

def clean(path, gem)
  bare = path.dup.force_encoding("UTF-8").delete_prefix("./")
  parts = bare.valid_encoding? ? bare.split("/", -1) : []
  is_clean = !parts.empty? && parts.none? { |part| ["", ".", ".."].include?(part) || part.include?("\0") }
  fail_with "#{gem.full_name} has the path #{path.dump[0, 200]}; packages may hold files below their folder only" unless is_clean
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
    fail_with "#{path} is no plain file; packages may hold plain files only" unless status.file?
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
rescue SystemCallError, IOError => error
  fail_with error.message
end
