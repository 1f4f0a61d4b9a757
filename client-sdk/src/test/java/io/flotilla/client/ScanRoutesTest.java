package io.flotilla.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.ReadReply;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.ScanResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Pages that a scan must not take. */
final class ScanRoutesTest extends ScriptedFleetTest {
    private static final List<String> KEYS = List.of("a", "b", "d", "f", "g", "h");

    /** One that says that there is more, and leads nowhere, would be asked for without end. */
    @Test
    void aPageThatGetsNowhereIsNotTaken() {
        KEYS.forEach(key -> fleet.store.put(s(key), s("v")));
        done(client.get(b("a")));
        int[] asked = {0};
        script(request -> {
            if (!request.hasRead() || !request.getRead().hasScan() || asked[0]++ > 0) {
                return null;
            }
            return Response.newBuilder()
                    .setRead(ReadReply.newBuilder()
                            .setScan(ScanResult.newBuilder().setMore(true).setNext(ByteString.EMPTY)))
                    .build();
        });
        List<String> found = new ArrayList<>();
        Optional<ScanQuery> next = Optional.of(ScanQuery.all());
        int pages = 0;
        while (next.isPresent()) {
            ScanPage page = done(client.scan(next.get()));
            assertThat(pages++ > 0 || !page.rows().isEmpty()).isTrue();
            page.rows().forEach(row -> found.add(row.keyText()));
            next = page.next();
        }
        assertThat(found).isEqualTo(KEYS);
        assertThat(asked[0]).isGreaterThan(1);
    }
}
