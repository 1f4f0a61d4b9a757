/** The controller's state machine: numbered configurations, rebuilt from a file and the log of group 0. */
package io.flotilla.controller.machine;
