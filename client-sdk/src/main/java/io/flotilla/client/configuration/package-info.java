/** What turns one configuration into another, and whether a message says more than this version understands. Pure. */
package io.flotilla.client.configuration;
