/** The controller's answers to clients and nodes, at its leader. Thread-safe. */
package io.flotilla.controller.service;
