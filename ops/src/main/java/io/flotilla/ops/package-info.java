/** The program: the process's entry point. */
package io.flotilla.ops;
