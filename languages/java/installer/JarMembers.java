import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * Checks a jar's members by its central directory (APPNOTE.TXT 4.3), which is what Java reads; nothing is unpacked. Refused are paths that lead
 * out, which the compiler does not take, and what one reader of zips sees and another does not.
 */
final class JarMembers {
    private static final int MAX_SHOWN = 200;
    private static final int END = 0x06054b50, END_64 = 0x06064b50, LOCATOR_64 = 0x07064b50, CENTRAL = 0x02014b50, LOCAL = 0x04034b50;
    private static final int END_BYTES = 22, LOCATOR_64_BYTES = 20, END_64_BYTES = 56, CENTRAL_BYTES = 46, LOCAL_BYTES = 30;
    private static final long ELSEWHERE = 0xffffffffL;

    private JarMembers() {}

    /**
     * What is wrong with the first member that is refused, fit to be printed behind the name of the jar; null without one.
     *
     * @throws IOException when it is no jar
     */
    static String firstFault(Path jar) throws IOException {
        List<String> seen;
        try (ZipFile whole = new ZipFile(jar.toFile())) {
            seen = new ArrayList<>(whole.stream().map(entry -> line(entry.getName(), entry.getCrc(), entry.getSize())).toList());
        }
        try (FileChannel channel = FileChannel.open(jar)) {
            ByteBuffer zip = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()).order(ByteOrder.LITTLE_ENDIAN);
            List<String> found = new ArrayList<>();
            String fault = firstFault(zip, found);
            if (fault != null) return fault;
            Collections.sort(seen);
            Collections.sort(found);
            if (!seen.equals(found)) throw new IOException("it has two directories");
            return null;
        } catch (IndexOutOfBoundsException | IllegalArgumentException | ArithmeticException error) {
            throw new IOException("its directory cannot be read", error);
        }
    }

    private static String firstFault(ByteBuffer zip, List<String> found) throws IOException {
        int end = end(zip);
        long length = unsigned(zip, end + 12), first = unsigned(zip, end + 16);
        int stop = end;
        boolean isLarge = length == ELSEWHERE || first == ELSEWHERE || Short.toUnsignedInt(zip.getShort(end + 10)) == 0xffff;
        int large = end - LOCATOR_64_BYTES - END_64_BYTES;
        if (isLarge && large >= 0 && zip.getInt(end - LOCATOR_64_BYTES) == LOCATOR_64 && zip.getInt(large) == END_64) {
            stop = large;
            length = zip.getLong(large + 40);
            first = zip.getLong(large + 48);
        }
        int at = Math.toIntExact(stop - length);
        // Something may stand before a jar, such as a script that starts it.
        long before = at - first;
        Map<String, ByteBuffer> contents = new HashMap<>();
        while (at < stop) {
            if (zip.getInt(at) != CENTRAL) throw new IOException("its directory cannot be read");
            ByteBuffer bytes = zip.slice(at + CENTRAL_BYTES, unsignedShort(zip, at + 28));
            String name = StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
            long offset = unsigned(zip, at + 42), packed = unsigned(zip, at + 20), size = unsigned(zip, at + 24);
            if (offset == ELSEWHERE || packed == ELSEWHERE || size == ELSEWHERE)
                return shown(name) + ": its size or place is told as zip64, which is not read here";
            found.add(line(name, unsigned(zip, at + 16), size));
            if (isStray(name)) return shown(name) + ": a member's path must be relative, without \".\" and \"..\" components";
            if (name.indexOf(0) >= 0) return shown(name) + ": a member's path must have no NUL";
            int local = Math.toIntExact(before + offset);
            if (zip.getInt(local) != LOCAL) throw new IOException("its directory cannot be read");
            ByteBuffer other = zip.slice(local + LOCAL_BYTES, unsignedShort(zip, local + 26));
            if (!bytes.equals(other) || zip.getShort(at + 10) != zip.getShort(local + 8))
                return shown(name) + ": its header says otherwise than the directory";
            int content = local + LOCAL_BYTES + other.limit() + unsignedShort(zip, local + 28);
            ByteBuffer own = zip.slice(content, Math.toIntExact(packed));
            ByteBuffer same = contents.putIfAbsent(name, own);
            if (same != null && !same.equals(own)) return shown(name) + " twice, with different content";
            at += CENTRAL_BYTES + bytes.limit() + unsignedShort(zip, at + 30) + unsignedShort(zip, at + 32);
        }
        return null;
    }

    /** What a directory says of a member, by which two are compared. */
    private static String line(String name, long crc, long size) {
        return name + '\0' + crc + '\0' + size;
    }

    /** Of the last record, behind which there is nothing but its comment. */
    private static int end(ByteBuffer zip) throws IOException {
        int limit = zip.limit();
        for (int at = limit - END_BYTES; at >= Math.max(0, limit - END_BYTES - 0xffff); at--)
            if (zip.getInt(at) == END && at + END_BYTES + unsignedShort(zip, at + 20) == limit) return at;
        throw new IOException("there is something behind its directory");
    }

    private static long unsigned(ByteBuffer zip, int at) {
        return Integer.toUnsignedLong(zip.getInt(at));
    }

    private static int unsignedShort(ByteBuffer zip, int at) {
        return Short.toUnsignedInt(zip.getShort(at));
    }

    /** A backslash separates too, and a drive leads away: some readers take them so. */
    private static boolean isStray(String path) {
        if (path.matches("(?s)[/\\\\].+|[A-Za-z]:[/\\\\].*")) return true;
        for (String component : path.split("[/\\\\]")) if (component.equals(".") || component.equals("..")) return true;
        return false;
    }

    private static String shown(String path) {
        String plain = path.replaceAll("\\p{Cntrl}", "?");
        return "has the member \"" + (plain.length() > MAX_SHOWN ? plain.substring(0, MAX_SHOWN) + "..." : plain) + "\"";
    }
}
