/**
 * What the whole fleet looks like: gathered from a configuration and every node's own report, merged by a pure function,
 * printed as text, JSON or a page.
 */
package io.flotilla.ops.status;
