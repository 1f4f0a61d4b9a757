/** The verbs of the command line, one class each. */
package io.flotilla.ops.command;
