package io.flotilla.ops.node.production;

import io.flotilla.ops.node.NodeFailure;

/** An address to listen at. An IPv6 host stands in brackets where it is written. */
record HostAndPort(String host, int port) {
    static HostAndPort parse(String text) throws NodeStartException {
        int colon = text.lastIndexOf(':');
        if (colon > 0) {
            String host = text.substring(0, colon);
            if (host.startsWith("[") && host.endsWith("]")) {
                host = host.substring(1, host.length() - 1);
            }
            try {
                int port = Integer.parseInt(text.substring(colon + 1));
                if (port >= 0 && port <= 65_535 && !host.isEmpty()) {
                    return new HostAndPort(host, port);
                }
            } catch (NumberFormatException e) {
                // falls through to the refusal
            }
        }
        throw new NodeStartException(
                NodeFailure.refused("'" + text + "' is no address to listen at: it must be HOST:PORT"), null);
    }

    String withPort(int actual) {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + actual;
    }
}
