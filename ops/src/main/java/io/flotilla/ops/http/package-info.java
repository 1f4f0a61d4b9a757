/** A node's pages over HTTP: metrics, health, and a status page that only shows. */
package io.flotilla.ops.http;
