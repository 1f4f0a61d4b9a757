package io.flotilla.it.process;

import io.flotilla.client.net.Connection;
import io.flotilla.client.net.ConnectionHandler;
import io.flotilla.client.net.Connector;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.ServerFrame;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/** Passes everything on but the answers to writes, while it is told to lose them. */
final class AnswerLoser implements Connector {
    final AtomicBoolean losing = new AtomicBoolean();
    final CountDownLatch lost = new CountDownLatch(1);
    private final Connector real;

    AnswerLoser(Connector real) {
        this.real = real;
    }

    @Override
    public Connection connect(String address, ConnectionHandler handler) {
        return real.connect(address, new ConnectionHandler() {
            @Override
            public void onFrame(ServerFrame frame) {
                if (!losing.get()) {
                    handler.onFrame(frame);
                    return;
                }
                ServerFrame.Builder kept = frame.toBuilder().clearResponses();
                for (Response response : frame.getResponsesList()) {
                    if (response.hasWrite()) {
                        lost.countDown();
                    } else {
                        kept.addResponses(response);
                    }
                }
                handler.onFrame(kept.build());
            }

            @Override
            public void onClosed(String reason) {
                handler.onClosed(reason);
            }
        });
    }

    @Override
    public void close() {
        real.close();
    }
}
