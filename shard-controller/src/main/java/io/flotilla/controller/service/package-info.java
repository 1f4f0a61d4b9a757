/** The controller's answers to clients and nodes, at its leader: plans and what nodes report, too. Its door is thread-safe. */
package io.flotilla.controller.service;
