/** What the README shows, compiled and run. */
package io.flotilla.it.readme;
