/** The rules of the architecture, as tests. */
package io.flotilla.it.arch;
