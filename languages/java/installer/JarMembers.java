import java.io.IOException;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** Checks the paths of a jar's members by its central directory; nothing is unpacked. The compiler refuses a jar with such a path. */
final class JarMembers {
    private static final int MAX_SHOWN = 200;

    private JarMembers() {}

    /** The first member whose path is absolute or has a "." or ".." component, fit to be printed; null without one. */
    static String firstStray(Path jar) throws IOException {
        try (ZipFile whole = new ZipFile(jar.toFile())) {
            var members = whole.entries();
            while (members.hasMoreElements()) {
                ZipEntry member = members.nextElement();
                if (isStray(member.getName())) return shown(member.getName());
            }
            return null;
        }
    }

    /** A backslash separates too: some readers take it so. */
    static boolean isStray(String path) {
        if (path.matches("(?s)[/\\\\].+|[A-Za-z]:[/\\\\].*")) return true;
        for (String component : path.split("[/\\\\]")) if (component.equals(".") || component.equals("..")) return true;
        return false;
    }

    private static String shown(String path) {
        String plain = path.replaceAll("\\p{Cntrl}", "?");
        return plain.length() > MAX_SHOWN ? plain.substring(0, MAX_SHOWN) + "..." : plain;
    }
}
