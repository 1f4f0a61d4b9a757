package io.flotilla.ops.node;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** Which build of the program this is. */
public final class ProgramVersion {
    /** Such as {@code 1.4.0}; the same for the whole life of the process. */
    public static final String VALUE = read();

    /**
     * The highest level of features that this program knows. It rises by one with everything that an older program could not
     * read in a log or a file of the fleet; a fleet uses what all of its nodes know.
     */
    public static final int FEATURE_LEVEL = 2;

    private ProgramVersion() {}

    private static String read() {
        Properties properties = new Properties();
        try (InputStream in = ProgramVersion.class.getResourceAsStream("version.properties")) {
            properties.load(in);
        } catch (IOException unreadable) {
            throw new UncheckedIOException("the program's own version cannot be read", unreadable);
        }
        return properties.getProperty("version");
    }
}
