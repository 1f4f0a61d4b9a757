package io.flotilla.ops.command;

import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetGrpc;
import io.flotilla.client.proto.HelloReply;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.ServerFrame;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/** A node on the loopback that answers what a test says, and tells of a configuration that the test may change. */
final class ScriptedNode implements AutoCloseable {
    /** Says nothing. */
    static final Response SILENCE = Response.newBuilder().setId(-1).build();

    final String id;
    final List<Request> requests = new CopyOnWriteArrayList<>();
    /** Null leaves the request to the node. */
    volatile Function<Request, Response> script = request -> null;

    volatile Configuration configuration = Configuration.getDefaultInstance();
    /** By number, the older ones. */
    final List<Configuration> older = new CopyOnWriteArrayList<>();

    volatile NodeStatus status;
    private final Server server;

    ScriptedNode(String id) throws IOException {
        this.id = id;
        status = NodeStatus.newBuilder().setId(id).setReady(true).build();
        server = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                .addService(new Service())
                .build()
                .start();
    }

    String address() {
        return "127.0.0.1:" + server.getPort();
    }

    static Response refusal(Refusal.Kind kind, String message) {
        return Response.newBuilder()
                .setRefusal(Refusal.newBuilder().setKind(kind).setMessage(message))
                .build();
    }

    @Override
    public void close() {
        server.shutdownNow();
    }

    private Response answer(Request request) {
        requests.add(request);
        Response scripted = script.apply(request);
        if (scripted != null) {
            return scripted;
        }
        return switch (request.getBodyCase()) {
            case CONFIGURATION -> configuration(request.getConfiguration().getNumber());
            case WATCH -> configuration(0);
            case NODE_STATUS -> Response.newBuilder().setNodeStatus(status).build();
            default -> refusal(Refusal.Kind.INVALID, "not in the script");
        };
    }

    private Response configuration(long number) {
        for (Configuration each : older) {
            if (each.getNumber() == number) {
                return Response.newBuilder().setConfiguration(each).build();
            }
        }
        return number == 0 || number == configuration.getNumber()
                ? Response.newBuilder().setConfiguration(configuration).build()
                : refusal(Refusal.Kind.NO_SUCH_CONFIGURATION, "no configuration " + number);
    }

    private final class Service extends FleetGrpc.FleetImplBase {
        @Override
        public StreamObserver<ClientFrame> stream(StreamObserver<ServerFrame> out) {
            return new StreamObserver<>() {
                @Override
                public void onNext(ClientFrame frame) {
                    ServerFrame.Builder answer = ServerFrame.newBuilder();
                    if (frame.hasHello()) {
                        answer.setHello(HelloReply.newBuilder()
                                .setProtocolVersion(frame.getHello().getProtocolVersion())
                                .setSessionWrites(1_000)
                                .setSessionWindowMillis(60_000)
                                .setNodeId(id)
                                .setFleetId(configuration.getFleetId()));
                    }
                    for (Request request : frame.getRequestsList()) {
                        Response response = answer(request);
                        if (response != SILENCE) {
                            answer.addResponses(response.toBuilder().setId(request.getId()));
                        }
                    }
                    out.onNext(answer.build());
                }

                @Override
                public void onError(Throwable error) {}

                @Override
                public void onCompleted() {
                    out.onCompleted();
                }
            };
        }
    }
}
