package io.flotilla.client.grpc;

import com.google.protobuf.ByteString;
import io.flotilla.client.Parts;
import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetGrpc;
import io.flotilla.client.proto.GoodbyeReply;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.HelloReply;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.ReadReply;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.Value;
import io.flotilla.client.proto.WriteReply;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;

/** A node for sockets that holds everything. */
final class ToyNode extends FleetGrpc.FleetImplBase {
    final Map<ByteString, ByteString> store =
            new ConcurrentSkipListMap<>(ByteString.unsignedLexicographicalComparator());
    final CompletableFuture<Void> heard = new CompletableFuture<>();
    volatile String address;
    volatile boolean deaf;
    volatile boolean reads = true;

    @Override
    public StreamObserver<ClientFrame> stream(StreamObserver<ServerFrame> out) {
        if (!reads) {
            ((ServerCallStreamObserver<ServerFrame>) out).disableAutoRequest();
        }
        Parts parts = new Parts();
        return new StreamObserver<>() {
            @Override
            public void onNext(ClientFrame frame) {
                ServerFrame.Builder answer = ServerFrame.newBuilder();
                if (frame.hasHello()) {
                    answer.setHello(HelloReply.newBuilder()
                            .setProtocolVersion(2)
                            .setSessionWrites(1_000)
                            .setSessionWindowMillis(60_000)
                            .setNodeId("n1")
                            .setWallMillis(System.currentTimeMillis()));
                }
                for (Request request : parts.requests(frame, answer::addResponses)) {
                    if (request.hasWrite() && deaf) {
                        heard.complete(null);
                        continue;
                    }
                    answer.addResponses(answer(request));
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

    private Response answer(Request request) {
        Response.Builder response = Response.newBuilder().setId(request.getId());
        switch (request.getBodyCase()) {
            case WATCH ->
                response.setConfiguration(Configuration.newBuilder()
                        .setNumber(1)
                        .addNodes(Node.newBuilder().setId("n1").setAddress(address))
                        .addGroups(Group.newBuilder().setId(1).addReplicas("n1"))
                        .addShards(Shard.newBuilder().setId(1).setGroup(1).setEpoch(1)));
            case READ -> {
                ByteString value = store.get(request.getRead().getGet().getKey());
                response.setRead(ReadReply.newBuilder()
                        .setGet(Value.newBuilder()
                                .setFound(value != null)
                                .setValue(value == null ? ByteString.EMPTY : value)));
            }
            case WRITE -> {
                store.put(
                        request.getWrite().getMutation().getPut().getKey(),
                        request.getWrite().getMutation().getPut().getValue());
                response.setWrite(WriteReply.newBuilder().setVersion(1));
            }
            case GOODBYE -> response.setGoodbye(GoodbyeReply.getDefaultInstance());
            default -> throw new AssertionError(request);
        }
        return response.build();
    }
}
