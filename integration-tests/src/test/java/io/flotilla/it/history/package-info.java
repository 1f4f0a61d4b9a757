/** What clients saw, and whether it could have happened on one copy of the data. Pure and deterministic. */
package io.flotilla.it.history;
