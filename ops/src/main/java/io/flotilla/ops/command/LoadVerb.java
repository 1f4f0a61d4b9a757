package io.flotilla.ops.command;

import io.flotilla.client.FlotillaClient;
import io.flotilla.ops.cli.CliException;
import io.flotilla.ops.cli.ClientFailures;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.OpenFiles;
import io.flotilla.ops.cli.StandardInput;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.load.Checkpoint;
import io.flotilla.ops.load.LoadProgress;
import io.flotilla.ops.load.LoadSummary;
import io.flotilla.ops.load.Loader;
import io.flotilla.ops.load.ProgressLine;
import io.flotilla.ops.load.RowFormat;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code load FILE}. */
@Command(
        name = "load",
        description = {
            "Write many rows: one per line, key and value separated by the line's first tab.",
            "Lines with the same key are written in file order. With a checkpoint a load that ended early",
            "continues where it was; rows after the checkpoint may be written again."
        })
final class LoadVerb extends ClientVerb {
    enum Format {
        tsv,
        jsonl
    }

    @Parameters(index = "0", paramLabel = "FILE", description = "The input; - for stdin.")
    private Path file;

    @Option(
            names = "--checkpoint",
            paramLabel = "CP",
            description = "File that keeps the number of leading lines whose writes are all acknowledged.")
    private Path checkpointFile;

    @Option(
            names = "--format",
            paramLabel = "tsv|jsonl",
            defaultValue = "tsv",
            description = "key<TAB>value, or JSON objects with key and value. Default: ${DEFAULT-VALUE}.")
    private Format format;

    LoadVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected int run(FlotillaClient client) throws Exception {
        Loader.Result result = load(client);
        print(result.summary());
        if (result.failure() != null) {
            throw result.failure();
        }
        return ExitCode.DONE;
    }

    private Loader.Result load(FlotillaClient client) throws IOException, InterruptedException {
        try (InputStream input = open();
                LoadProgress progress = progress()) {
            Checkpoint checkpoint = checkpointFile == null ? null : Checkpoint.open(checkpointFile);
            boolean hex = bytes().hex();
            Loader loader = new Loader(
                    format == Format.tsv ? RowFormat.tabSeparated(hex) : RowFormat.jsonLines(hex),
                    (key, value) -> client.async().put(key, value),
                    ClientFailures::explain,
                    checkpoint,
                    progress,
                    System::nanoTime);
            // A load that is told to stop leaves its checkpoint as far as it came.
            Thread saver = new Thread(loader::saveCheckpoint, "load-stop");
            Runtime.getRuntime().addShutdownHook(saver);
            Loader.Result result = loader.run(input);
            Runtime.getRuntime().removeShutdownHook(saver);
            return result;
        }
    }

    private InputStream open() {
        if (isStdin()) {
            if (terminal.in() instanceof StandardInput stdin && !stdin.isGiven()) {
                throw CliException.refused("load: stdin is closed; give the rows there, or name a file");
            }
            return terminal.in();
        }
        if (OpenFiles.isNotGiven(file)) {
            throw CliException.refused("load: " + file + " is not open; name a file, or - for stdin");
        }
        try {
            if (Files.isDirectory(file)) {
                throw CliException.refused("load: " + file + " is a folder; name a file, or - for stdin");
            }
            return Files.newInputStream(file);
        } catch (IOException unreadable) {
            throw CliException.refused(
                    "load: the input cannot be read: " + unreadable + "; name a file, or - for stdin");
        }
    }

    private LoadProgress progress() throws IOException {
        if (!terminal.errIsTerminal()) {
            return LoadProgress.NONE;
        }
        boolean sized = !isStdin() && Files.isRegularFile(file);
        return new ProgressLine(terminal.err(), sized ? Files.size(file) : -1);
    }

    private boolean isStdin() {
        return file.toString().equals("-") || OpenFiles.isStdin(file);
    }

    private void print(LoadSummary summary) {
        if (options.json()) {
            output.json(fields -> {
                fields.writeNumberField("rows", summary.rows());
                fields.writeNumberField("lines", summary.lines());
                fields.writeNumberField("rowsPerSecond", summary.rowsPerSecond());
                fields.writeNumberField("longestStallMillis", summary.longestStallMillis());
            });
        } else {
            output.line("loaded rows=" + summary.rows() + " rows/s=" + summary.rowsPerSecond() + " longest-stall-ms="
                    + summary.longestStallMillis());
        }
        output.flush();
    }
}
