/** What the controller decides, as pure functions: the same input gives the same configuration on every node. */
package io.flotilla.controller.decide;
