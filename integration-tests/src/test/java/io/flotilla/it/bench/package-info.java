/** Benchmarks of single parts, run by JMH. Each is compiled and run for a moment by the tests, so that it works when it is needed. */
package io.flotilla.it.bench;
