/** Which configuration a node knows, how it learns of newer ones and tells them on, what they ask of it, and what it reports. */
package io.flotilla.ops.node.configuration;
