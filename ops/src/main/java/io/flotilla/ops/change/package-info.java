/**
 * Changes of a fleet as operators ask for them: what the controller planned and how long that may take, and how to see from
 * configurations when it is done. Whoever waits only looks: what is under way needs nobody who waits for it.
 */
package io.flotilla.ops.change;
