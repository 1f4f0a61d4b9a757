/**
 * The command line: entry point, options that verbs share, exit codes, text and JSON output. Runs on the process's main
 * thread. The verbs themselves are in {@code io.flotilla.ops.command}.
 */
package io.flotilla.ops.cli;
