package io.flotilla.client.configuration;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.UnknownFieldSet;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.RegisterNodeRequest;
import io.flotilla.client.proto.Request;
import org.junit.jupiter.api.Test;

class UnknownFieldsTest {
    private static final UnknownFieldSet TWO = UnknownFieldSet.newBuilder()
            .addField(99, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
            .addField(98, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
            .build();

    @Test
    void theLowestOneIsNamedAtAnyDepth() {
        Node known = Node.newBuilder().setId("n1").build();
        Request.Builder request = Request.newBuilder()
                .setId(1)
                .setRegisterNode(RegisterNodeRequest.newBuilder().setNode(known));
        assertThat(UnknownFields.first(request.build())).isNull();
        Node strange = known.toBuilder().setUnknownFields(TWO).build();
        request.getRegisterNodeBuilder().setNode(strange);
        assertThat(UnknownFields.first(request.build())).isEqualTo("field 98 of Node");
        request.setUnknownFields(TWO);
        assertThat(UnknownFields.first(request.build())).isEqualTo("field 98 of Request");
        Configuration inAList =
                Configuration.newBuilder().addNodes(known).addNodes(strange).build();
        assertThat(UnknownFields.first(inAList)).isEqualTo("field 98 of Node");
    }

    @Test
    void anUnknownValueOfAnEnumerationCounts() {
        Node node = Node.newBuilder().setDutyValue(77).build();
        assertThat(UnknownFields.first(node)).isEqualTo("value 77 of NodeDuty");
        assertThat(UnknownFields.first(Node.newBuilder().setDutyValue(1).build()))
                .isNull();
    }
}
