/**
 * The controller's state machine: numbered configurations, the newest whole and those before it as deltas, creation records, ids,
 * answered requests, and which groups owe drops; rebuilt from a file and the log of group 0. Belongs to the group's
 * applier lane, which no data group shares.
 */
package io.flotilla.controller.machine;
