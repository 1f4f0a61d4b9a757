package io.flotilla.ops.cli;

/** How results are printed. The names are those of the flag. */
public enum OutputFormat {
    text,
    json
}
