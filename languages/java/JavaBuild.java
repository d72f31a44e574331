import java.io.FileInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * javac, also where a public class is not named as its file is: that file is compiled under the name of the class.
 *
 * {@code JavaBuild [--wait FILE] OPTION... FILE.java...}: with {@code --wait} it is started ahead of its job. It loads and warms the
 * compiler, then waits in opening FILE, where a FIFO is until the job is there.
 */
final class JavaBuild {
    private static final Pattern PUBLIC = Pattern.compile(
        "^\\s*public\\s+(?:(?:final|abstract|sealed|non-sealed|strictfp)\\s+)*(?:class|record|enum|interface|@interface)\\s+(\\w+)");
    /** The time of a compilation is nearly as short as it gets after so many. */
    private static final int WARMING = 8;

    public static void main(String[] args) throws IOException {
        // As javac's own command tells the compiler, which else takes the class path of this virtual machine.
        System.setProperty("env.class.path", System.getenv().getOrDefault("CLASSPATH", "."));
        List<String> options = new ArrayList<>(List.of(args));
        if (options.size() > 1 && options.get(0).equals("--wait")) {
            Path file = Path.of(options.get(1));
            options = options.subList(2, options.size());
            warm(file);
            // As javac does it, which then finds an ordinary file.
            new FileInputStream(file.toFile()).close();
        }
        System.exit(com.sun.tools.javac.Main.compile(renamed(options).toArray(String[]::new)));
    }

    /** The arguments, with each file that has another name than its public class replaced by a copy that has its name. */
    private static List<String> renamed(List<String> args) throws IOException {
        List<String> result = new ArrayList<>();
        for (String arg : args)
            result.add(arg.endsWith(".java") && Files.isRegularFile(Path.of(arg)) ? named(Path.of(arg), arg, result.size()) : arg);
        return result;
    }

    private static String named(Path file, String arg, int index) throws IOException {
        for (String line : Files.readString(file, StandardCharsets.ISO_8859_1).split("\n")) {
            Matcher found = PUBLIC.matcher(line);
            if (!found.find()) continue;
            String name = found.group(1) + ".java";
            if (name.equals(file.getFileName().toString())) return arg;
            Path copy = Path.of("/tmp/java", String.valueOf(index), name);
            Files.createDirectories(copy.getParent());
            Files.copy(file, copy);
            return copy.toString();
        }
        return arg;
    }

    /** Compiles programs from memory into memory, until the job is there or there is nothing more to gain. */
    private static void warm(Path file) {
        var compiler = ToolProvider.getSystemJavaCompiler();
        List<String> options = List.of("-encoding", "UTF-8");
        for (int i = 0; i < WARMING && !Files.isRegularFile(file); i++)
            try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
                compiler.getTask(null, new InMemory(files), found -> {}, options, null, List.of(new Source())).call();
            } catch (IOException error) {
                return;
            }
        System.gc();
    }

    private static final class Source extends SimpleJavaFileObject {
        private static final String CODE = """
            import java.io.*;
            import java.util.*;
            import java.util.function.*;
            import java.util.stream.*;

            public class Main {
                record Point(int x, int y) implements Comparable<Point> {
                    public int compareTo(Point other) { return Integer.compare(x, other.x); }
                }
                sealed interface Shape permits Circle, Square {}
                record Circle(double radius) implements Shape {}
                record Square(double side) implements Shape {}
                enum Colour { RED, GREEN }
                static class Node<T extends Comparable<T>> {
                    T value;
                    Node<T> left, right;
                    Node(T value) { this.value = value; }
                    void add(T other) {
                        if (other.compareTo(value) < 0) { if (left == null) left = new Node<>(other); else left.add(other); }
                        else if (right == null) right = new Node<>(other);
                        else right.add(other);
                    }
                }
                static double area(Shape shape) {
                    return switch (shape) {
                        case Circle(double radius) -> Math.PI * radius * radius;
                        case Square square -> square.side() * square.side();
                    };
                }
                static int count(String word) throws IOException {
                    switch (word) {
                        case "one": return 1;
                        case "two": return 2;
                        default: throw new IOException("no number: " + word);
                    }
                }
                public static void main(String[] args) throws Exception {
                    var input = new BufferedReader(new InputStreamReader(System.in));
                    Scanner scanner = new Scanner(System.in);
                    Map<String, List<Integer>> words = new TreeMap<>();
                    for (String line = input.readLine(); line != null; line = input.readLine())
                        for (String word : line.trim().split(" +"))
                            words.computeIfAbsent(word, key -> new ArrayList<>()).add(word.length());
                    int[] numbers = IntStream.range(0, 100).filter(n -> n % 3 == 0).toArray();
                    long total = 0;
                    for (int number : numbers) total += number;
                    Function<Integer, Integer> twice = n -> n * 2;
                    List<String> sorted = words.keySet().stream().map(String::toUpperCase).sorted().collect(Collectors.toList());
                    StringBuilder text = new StringBuilder();
                    try { text.append(count("two")).append(twice.apply(21)); }
                    catch (IOException | IllegalStateException error) { System.err.println(error.getMessage()); }
                    finally { scanner.close(); }
                    System.out.printf("%d %s %s%n", total, sorted, area(new Square(2)));
                    System.out.println(text + " " + Colour.RED + " " + new Point(1, 2));
                    Thread thread = new Thread(() -> System.out.println("done"));
                    thread.start();
                    thread.join();
                }
            }
            """;

        Source() {
            super(URI.create("string:///Main.java"), Kind.SOURCE);
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return CODE;
        }
    }

    private static final class InMemory extends ForwardingJavaFileManager<JavaFileManager> {
        InMemory(JavaFileManager files) {
            super(files);
        }

        @Override
        public JavaFileObject getJavaFileForOutput(Location location, String name, JavaFileObject.Kind kind, javax.tools.FileObject from) {
            return new SimpleJavaFileObject(URI.create("string:///" + name + kind.extension), kind) {
                @Override
                public java.io.OutputStream openOutputStream() {
                    return java.io.OutputStream.nullOutputStream();
                }
            };
        }
    }
}
