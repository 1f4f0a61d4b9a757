/** The fleet as an operator runs it: one operating-system process per node, killed and traced from outside. */
package io.flotilla.it.process;
