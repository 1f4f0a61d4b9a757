package io.flotilla.ops.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The words of the command line as the shell handed them over. The Java runtime makes text of them by the locale, and puts
 * U+FFFD where it can't, also where that character was meant; so the bytes are looked up, where the operating system tells
 * them (Linux). Pure but for the reading.
 */
public final class CommandWords {
    private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");
    /** What the Java runtime puts in place of bytes that are no text to it. */
    private static final char REPLACEMENT = '\uFFFD';

    private CommandWords() {}

    /**
     * The words as UTF-8.
     *
     * @param args as the Java runtime gives them
     * @throws CliException (refused) if one is no UTF-8, or if that can't be found out
     */
    public static String[] ofProcess(String[] args) {
        if (Arrays.stream(args).allMatch(CommandWords::isAscii)) {
            return args;
        }
        byte[] line;
        try {
            line = Files.readAllBytes(COMMAND_LINE);
        } catch (IOException untold) {
            line = new byte[0];
        }
        return of(args, line);
    }

    /** @param line of the process: each word with a zero behind it, those for Java first */
    static String[] of(String[] args, byte[] line) {
        List<byte[]> words = last(args.length, line);
        boolean known = fits(args, words);
        String[] texts = args.clone();
        for (int i = 0; i < args.length; i++) {
            Optional<String> text = known
                    ? ByteText.utf8(words.get(i))
                    : Optional.of(args[i]).filter(word -> word.indexOf(REPLACEMENT) < 0);
            int number = i + 1;
            texts[i] = text.orElseThrow(() -> CliException.refused("word " + number + " of the command line is "
                    + (known ? "" : "perhaps ")
                    + "not UTF-8; give keys and values in hex with --hex, and files by names in UTF-8"));
        }
        return texts;
    }

    private static List<byte[]> last(int count, byte[] line) {
        List<byte[]> words = new ArrayList<>();
        int end = line.length - 1;
        while (end >= 0 && line[end] == 0 && words.size() < count) {
            int start = end;
            while (start > 0 && line[start - 1] != 0) {
                start--;
            }
            words.add(0, Arrays.copyOfRange(line, start, end));
            end = start - 1;
        }
        return words;
    }

    /** Whether these are the bytes of the words: what is ASCII is the same in both. */
    private static boolean fits(String[] args, List<byte[]> words) {
        boolean fits = args.length == words.size();
        for (int i = 0; fits && i < args.length; i++) {
            fits = !isAscii(args[i]) || args[i].equals(new String(words.get(i), StandardCharsets.ISO_8859_1));
        }
        return fits;
    }

    private static boolean isAscii(String word) {
        return word.chars().allMatch(c -> c < 128);
    }
}
