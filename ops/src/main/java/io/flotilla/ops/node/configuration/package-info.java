/** Which configuration a node knows, how it learns of newer ones and tells them on, and what they ask of it. */
package io.flotilla.ops.node.configuration;
