/** The launcher, with a Java and a Maven that only write down how they were called. */
package io.flotilla.it.launcher;
