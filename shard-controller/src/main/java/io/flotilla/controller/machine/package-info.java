/** The controller's state machine: numbered configurations, rebuilt from the log of group 0. */
package io.flotilla.controller.machine;
