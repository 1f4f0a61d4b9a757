package io.flotilla.raft.transport.grpc;

import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.NameResolverRegistry;
import io.grpc.Status;
import io.grpc.StatusOr;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;

/**
 * Lets gRPC dial {@code host:port} as the operating system resolves it, and no proxy: gRPC's own resolver takes names for host
 * names of URIs, which refuses underscores and takes brackets amiss, and asks for the proxy of the whole JVM. Thread-safe.
 */
final class PeerAddresses extends NameResolverProvider {
    private static final String SCHEME = "flotilla-peer";

    static {
        NameResolverRegistry.getDefaultRegistry().register(new PeerAddresses());
    }

    private PeerAddresses() {}

    /** What a channel is made for. @param address {@code host:port}; an IPv6 host in brackets */
    static String target(String address) {
        try {
            return new URI(SCHEME, "", "/" + address, null, null).toString();
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("'" + address + "' is no address: write host:port", e);
        }
    }

    @Override
    public NameResolver newNameResolver(URI target, NameResolver.Args args) {
        return SCHEME.equals(target.getScheme()) ? new Resolver(target.getPath().substring(1), args) : null;
    }

    @Override
    public String getDefaultScheme() {
        return SCHEME;
    }

    @Override
    protected boolean isAvailable() {
        return true;
    }

    /** Of another kind than the others, and never the default. */
    @Override
    protected int priority() {
        return 0;
    }

    /** Belongs to its channel's synchronization context, but for asking the operating system. */
    private static final class Resolver extends NameResolver {
        private final String host;
        private final int port;
        private final Args args;
        private Listener2 listener;
        private boolean asks;
        private boolean over;

        Resolver(String address, Args args) {
            int colon = address.lastIndexOf(':');
            this.host = address.substring(0, Math.max(0, colon));
            this.port = Integer.parseInt(address.substring(colon + 1));
            this.args = args;
        }

        /** Nodes do not ask by which name they were dialled. */
        @Override
        public String getServiceAuthority() {
            return "flotilla";
        }

        @Override
        public void start(Listener2 told) {
            listener = told;
            refresh();
        }

        @Override
        public void refresh() {
            if (asks || over) {
                return;
            }
            asks = true;
            if (host.startsWith("[") || host.matches("[0-9.]+")) {
                resolved(ask()); // as it stands, without asking anybody
            } else {
                args.getOffloadExecutor().execute(() -> {
                    ResolutionResult result = ask();
                    args.getSynchronizationContext().execute(() -> resolved(result));
                });
            }
        }

        private ResolutionResult ask() {
            StatusOr<List<EquivalentAddressGroup>> found;
            try {
                List<EquivalentAddressGroup> addresses = new ArrayList<>();
                for (InetAddress address : InetAddress.getAllByName(host)) {
                    addresses.add(new EquivalentAddressGroup(new InetSocketAddress(address, port)));
                }
                found = StatusOr.fromValue(addresses);
            } catch (UnknownHostException | IllegalArgumentException | SecurityException e) {
                found = StatusOr.fromStatus(Status.UNAVAILABLE.withDescription("unknown host " + host));
            }
            return ResolutionResult.newBuilder().setAddressesOrError(found).build();
        }

        private void resolved(ResolutionResult result) {
            asks = false;
            if (!over) {
                listener.onResult2(result);
            }
        }

        @Override
        public void shutdown() {
            over = true;
        }
    }
}
