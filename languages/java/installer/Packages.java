import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.maven.repository.internal.MavenRepositorySystemUtils;
import org.eclipse.aether.DefaultRepositorySystemSession;
import org.eclipse.aether.RepositorySystem;
import org.eclipse.aether.RepositorySystemSession;
import org.eclipse.aether.artifact.Artifact;
import org.eclipse.aether.artifact.DefaultArtifact;
import org.eclipse.aether.collection.CollectRequest;
import org.eclipse.aether.connector.basic.BasicRepositoryConnectorFactory;
import org.eclipse.aether.graph.DependencyFilter;
import org.eclipse.aether.repository.LocalRepository;
import org.eclipse.aether.repository.RemoteRepository;
import org.eclipse.aether.repository.RepositoryPolicy;
import org.eclipse.aether.repository.WorkspaceReader;
import org.eclipse.aether.repository.WorkspaceRepository;
import org.eclipse.aether.resolution.ArtifactDescriptorRequest;
import org.eclipse.aether.resolution.DependencyRequest;
import org.eclipse.aether.spi.connector.RepositoryConnectorFactory;
import org.eclipse.aether.spi.connector.transport.AbstractTransporter;
import org.eclipse.aether.spi.connector.transport.GetTask;
import org.eclipse.aether.spi.connector.transport.PeekTask;
import org.eclipse.aether.spi.connector.transport.PutTask;
import org.eclipse.aether.spi.connector.transport.Transporter;
import org.eclipse.aether.spi.connector.transport.TransporterFactory;
import org.eclipse.aether.util.graph.visitor.PreorderNodeListGenerator;
import org.eclipse.aether.util.repository.SimpleArtifactDescriptorPolicy;

/**
 * Resolves, downloads and packs jars with Maven's resolver, in a cell that reaches nothing but a package index:
 *
 * <pre>
 * Packages index                                  prints the repository that Maven uses unless it is told of another
 * Packages resolve INDEX                          pom.xml -> lock.txt, which is printed too
 * Packages install INDEX FOLDER                   lock.txt -> FOLDER/jars and FOLDER/packages.jar, which names them in their order
 * Packages pack FOLDER MAX_FILES MAX_BYTES
 * </pre>
 *
 * Nothing of a package is run, and no plugin is: projects are read for what they need. Whatever repositories they name, everything comes from
 * the index. The lock names each jar of the class path in its order, with its SHA-256. The stream of {@code pack} is "RYPACK1\n" and entries
 * of: mode as 1 byte, length of the path as 2 bytes, of the content as 8, both big endian, path, content; then an entry without path and content.
 */
final class Packages {
    private static final String MARK = "-- Maven jars --";
    private static final Path REPOSITORY = Path.of("/tmp/repository");
    private static final Artifact PROJECT = new DefaultArtifact("runyard", "job", "pom", "0");
    private static final Set<String> LEFT_OUT = Set.of("test", "system");
    private static final HttpClient HTTP = HttpClient.newBuilder()
        .followRedirects(HttpClient.Redirect.NORMAL).connectTimeout(Duration.ofSeconds(20)).build();

    public static void main(String[] args) throws Exception {
        try {
            switch (args[0]) {
                case "index" -> System.out.println(defaultIndex());
                case "resolve" -> resolve(args[1]);
                case "install" -> install(args[1], Path.of(args[2]));
                case "pack" -> pack(Path.of(args[1]), Long.parseLong(args[2]), Long.parseLong(args[3]));
                default -> throw new Refusal("Packages: unknown arguments");
            }
        } catch (OutOfMemoryError error) {
            System.err.println("Reading what the packages need takes more memory than there is");
            System.exit(3);
        } catch (Exception error) {
            String last = null;
            for (Throwable cause = error; cause != null; cause = cause.getCause())
                if (cause.getMessage() != null && !cause.getMessage().equals(last)) System.err.println(last = cause.getMessage());
            System.exit(3);
        }
    }

    private static final class Refusal extends Exception {
        Refusal(String message) {
            super(message);
        }
    }

    /** Of the project that every project has above it. */
    private static String defaultIndex() throws Exception {
        try (InputStream in = MavenRepositorySystemUtils.class.getClassLoader().getResourceAsStream("org/apache/maven/model/pom-4.0.0.xml")) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return text.replaceAll("(?s).*?<repository>.*?<url>\\s*(\\S+?)\\s*</url>.*", "$1");
        }
    }

    private static void resolve(String index) throws Exception {
        Path pom = Path.of("pom.xml").toAbsolutePath();
        RepositorySystem system = system();
        DefaultRepositorySystemSession session = session(system, index, pom);
        RemoteRepository repository = new RemoteRepository.Builder("index", "default", index).setPolicy(strict()).build();
        var project = system.readArtifactDescriptor(session, new ArtifactDescriptorRequest(PROJECT, List.of(repository), null));
        CollectRequest collect = new CollectRequest();
        collect.setDependencies(project.getDependencies());
        collect.setManagedDependencies(project.getManagedDependencies());
        collect.addRepository(repository);
        DependencyFilter isUsed = (node, parents) -> node.getDependency() == null || !LEFT_OUT.contains(node.getDependency().getScope());
        var root = system.resolveDependencies(session, new DependencyRequest(collect, isUsed)).getRoot();
        PreorderNodeListGenerator nodes = new PreorderNodeListGenerator();
        root.accept(nodes);
        List<String> lines = new ArrayList<>(List.of(MARK));
        for (Artifact jar : nodes.getArtifacts(false)) {
            if (jar.getExtension().equals("pom")) continue;
            if (!jar.getExtension().equals("jar")) throw new Refusal(jar + " is no jar");
            lines.add(jar + " sha256:" + sha256(jar.getFile().toPath()));
        }
        String lock = String.join("\n", lines) + "\n";
        Files.writeString(Path.of("lock.txt"), lock);
        System.out.print(lock);
    }

    @SuppressWarnings("deprecation")
    private static RepositorySystem system() {
        var locator = MavenRepositorySystemUtils.newServiceLocator();
        locator.addService(RepositoryConnectorFactory.class, BasicRepositoryConnectorFactory.class);
        locator.addService(TransporterFactory.class, IndexTransporters.class);
        return locator.getService(RepositorySystem.class);
    }

    /** What is not as its SHA-1 says fails. */
    private static RepositoryPolicy strict() {
        return new RepositoryPolicy(true, RepositoryPolicy.UPDATE_POLICY_ALWAYS, RepositoryPolicy.CHECKSUM_POLICY_FAIL);
    }

    private static DefaultRepositorySystemSession session(RepositorySystem system, String index, Path pom) {
        DefaultRepositorySystemSession session = MavenRepositorySystemUtils.newSession();
        session.setSystemProperties(System.getProperties());
        session.setConfigProperty("aether.connector.basic.threads", 4);
        session.setLocalRepositoryManager(system.newLocalRepositoryManager(session, new LocalRepository(REPOSITORY.toFile())));
        session.setIgnoreArtifactDescriptorRepositories(true);
        // A project that cannot be read may need anything: without that, the jars would not be whole.
        session.setArtifactDescriptorPolicy(new SimpleArtifactDescriptorPolicy(false, false));
        RemoteRepository mirror = new RemoteRepository.Builder("index", "default", index).setPolicy(strict()).build();
        session.setMirrorSelector(repository -> repository.getUrl().equals(index) ? null : mirror);
        session.setWorkspaceReader(new WorkspaceReader() {
            @Override
            public WorkspaceRepository getRepository() {
                return new WorkspaceRepository("job");
            }

            @Override
            public java.io.File findArtifact(Artifact artifact) {
                boolean isProject = artifact.getGroupId().equals(PROJECT.getGroupId()) && artifact.getArtifactId().equals(PROJECT.getArtifactId());
                return isProject && artifact.getExtension().equals("pom") ? pom.toFile() : null;
            }

            @Override
            public List<String> findVersions(Artifact artifact) {
                return List.of();
            }
        });
        return session;
    }

    /** Reads files of the index. It is public for the resolver, which makes one. */
    public static final class IndexTransporters implements TransporterFactory {
        @Override
        public Transporter newInstance(RepositorySystemSession session, RemoteRepository repository) {
            return new AbstractTransporter() {
                @Override
                public int classify(Throwable error) {
                    return error instanceof Absent ? ERROR_NOT_FOUND : ERROR_OTHER;
                }

                @Override
                protected void implGet(GetTask task) throws Exception {
                    var answer = fetch(repository.getUrl(), task.getLocation().toString());
                    long length = answer.headers().firstValueAsLong("content-length").orElse(-1);
                    utilGet(task, answer.body(), true, length, false);
                }

                @Override
                protected void implPeek(PeekTask task) throws Exception {
                    fetch(repository.getUrl(), task.getLocation().toString()).body().close();
                }

                @Override
                protected void implPut(PutTask task) {
                    throw new UnsupportedOperationException();
                }

                @Override
                protected void implClose() {}
            };
        }

        @Override
        public float getPriority() {
            return 1;
        }
    }

    private static final class Absent extends IOException {
        Absent(String path) {
            super(path + " is not in the index");
        }
    }

    private static HttpResponse<InputStream> fetch(String index, String path) throws IOException, InterruptedException {
        URI address = URI.create(index.endsWith("/") ? index : index + "/").resolve(path);
        var answer = HTTP.send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofInputStream());
        if (answer.statusCode() == 200) return answer;
        answer.body().close();
        if (answer.statusCode() == 404) throw new Absent(path);
        throw new IOException("the index answers " + answer.statusCode() + " for " + path);
    }

    private static void install(String index, Path folder) throws Exception {
        List<String> lines = Files.readAllLines(Path.of("lock.txt"));
        if (!lines.get(0).equals(MARK)) throw new Refusal("the lock names no jars");
        Path jars = Files.createDirectories(folder.resolve("jars"));
        List<String> names = new ArrayList<>();
        for (String line : new LinkedHashSet<>(lines.subList(1, lines.size()))) {
            String[] parts = line.split(" sha256:");
            if (parts.length != 2) throw new Refusal("the lock has \"" + line + "\"");
            Artifact jar = new DefaultArtifact(parts[0]);
            String own = jar.getArtifactId() + "-" + jar.getVersion() + (jar.getClassifier().isEmpty() ? "" : "-" + jar.getClassifier()) + ".jar";
            String path = jar.getGroupId().replace('.', '/') + "/" + jar.getArtifactId() + "/" + jar.getVersion() + "/" + own;
            Path here = REPOSITORY.resolve(path);
            // Not a name of the parts in one: those of two jars may be the same.
            Path place = jars.resolve(path);
            if (Files.exists(place)) throw new Refusal("the lock has two hashes of " + jar);
            Files.createDirectories(place.getParent());
            if (Files.exists(here)) Files.move(here, place);
            else
                try (InputStream body = fetch(index, path).body()) {
                    Files.copy(body, place);
                } catch (Absent absent) {
                    throw new IOException("Could not find artifact " + jar, absent);
                }
            if (!sha256(place).equals(parts[1])) throw new Refusal(jar + " has another hash than the lock says");
            String fault;
            try {
                fault = JarMembers.firstFault(place);
            } catch (IOException error) {
                throw new Refusal(jar + " is no jar: " + error.getMessage());
            }
            if (fault != null) throw new Refusal(jar + " " + fault);
            names.add("jars/" + path);
        }
        writeClassPath(folder.resolve("packages.jar"), names);
    }

    /** A jar without anything but the names of others: where it is on a class path, they are, in this order. */
    private static void writeClassPath(Path file, List<String> names) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.CLASS_PATH, String.join(" ", names));
        ZipEntry entry = new ZipEntry("META-INF/MANIFEST.MF");
        entry.setTimeLocal(LocalDateTime.of(1980, 1, 1, 0, 0));
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(file))) {
            out.putNextEntry(entry);
            manifest.write(out);
            out.closeEntry();
        }
    }

    private static String sha256(Path file) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        try (InputStream in = Files.newInputStream(file)) {
            byte[] piece = new byte[65536];
            for (int count; (count = in.read(piece)) > 0;) digest.update(piece, 0, count);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static void pack(Path folder, long maxFiles, long maxBytes) throws Exception {
        List<Path> files;
        try (var found = Files.walk(folder)) {
            files = found.filter(place -> !Files.isDirectory(place, LinkOption.NOFOLLOW_LINKS)).sorted().collect(Collectors.toList());
        }
        if (files.size() > maxFiles) throw new Refusal("too large: more than " + maxFiles + " files");
        long total = 0;
        for (Path file : files) total += Files.size(file);
        if (total > maxBytes) throw new Refusal("too large: more than " + maxBytes + " bytes");
        try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out, 1 << 20))) {
            out.write("RYPACK1\n".getBytes(StandardCharsets.US_ASCII));
            for (Path file : files) {
                if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) throw new Refusal(file + " is no plain file");
                byte[] name = folder.relativize(file).toString().getBytes(StandardCharsets.UTF_8);
                out.writeByte(0);
                out.writeShort(name.length);
                out.writeLong(Files.size(file));
                out.write(name);
                Files.copy(file, out);
            }
            out.write(new byte[11]);
        }
    }
}
