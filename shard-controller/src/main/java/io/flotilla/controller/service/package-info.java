/** The controller's answers to clients and nodes. */
package io.flotilla.controller.service;
