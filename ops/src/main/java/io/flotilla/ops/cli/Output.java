package io.flotilla.ops.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * Writes results to stdout. A reader that went away (a closed pipe) ends the verb quietly through
 * {@link ReaderGoneException}; any other failure to write is a {@link CliException} with exit code 5. Used by one thread.
 */
public final class Output {
    private static final byte[] TAB = {'\t'};
    private static final byte[] LINE_END = {'\n'};

    private final OutputStream out;
    private JsonFactory json;

    public Output(OutputStream out) {
        this.out = out;
    }

    /** Stdout's reader has closed its end: nothing is wrong, and there is nobody to tell. */
    public static final class ReaderGoneException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        ReaderGoneException(IOException cause) {
            super(cause);
        }
    }

    /** Fills in one JSON object's fields. */
    @FunctionalInterface
    public interface JsonFields {
        void writeTo(JsonGenerator fields) throws IOException;
    }

    public void line(String text) {
        line(text.getBytes(StandardCharsets.UTF_8));
    }

    public void line(byte[] bytes) {
        writing(() -> {
            out.write(bytes);
            out.write(LINE_END);
        });
    }

    /** {@code key<TAB>value} and a line end. */
    public void row(byte[] key, byte[] value) {
        writing(() -> {
            out.write(key);
            out.write(TAB);
            out.write(value);
            out.write(LINE_END);
        });
    }

    /** One JSON object on a line of its own. */
    public void json(JsonFields fields) {
        writing(() -> {
            if (json == null) {
                json = new JsonFactory();
            }
            JsonGenerator generator = json.createGenerator(out).disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
            generator.disable(JsonGenerator.Feature.FLUSH_PASSED_TO_STREAM);
            generator.writeStartObject();
            fields.writeTo(generator);
            generator.writeEndObject();
            generator.close();
            out.write(LINE_END);
        });
    }

    public void flush() {
        writing(out::flush);
    }

    private interface Write {
        void run() throws IOException;
    }

    private static void writing(Write write) {
        try {
            write.run();
        } catch (IOException failed) {
            throw explain(failed);
        } catch (UncheckedIOException failed) {
            throw explain(failed.getCause());
        }
    }

    private static RuntimeException explain(IOException failed) {
        String why = String.valueOf(failed.getMessage());
        if (why.contains("Broken pipe") || why.contains("Connection reset")) {
            return new ReaderGoneException(failed);
        }
        return new CliException(
                ExitCode.BROKEN, "stdout: cannot be written: " + why + "; free space or write elsewhere", failed);
    }
}
