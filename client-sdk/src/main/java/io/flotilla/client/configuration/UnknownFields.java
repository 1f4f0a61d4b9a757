package io.flotilla.client.configuration;

import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import com.google.protobuf.MessageOrBuilder;
import java.util.List;
import java.util.Map;

/**
 * Finds what a message says that this version does not know. Whoever acts on a message that others act on, too, must
 * understand all of it: what one drops, another one would do. Pure; thread-safe.
 */
public final class UnknownFields {
    private UnknownFields() {}

    /**
     * The first field that this version does not know, anywhere inside: such as {@code field 17 of RegisterNode}; null if
     * there is none. An enumeration's unknown value counts as one.
     */
    public static String first(Message message) {
        String own = own(message);
        if (own != null) {
            return own;
        }
        for (Map.Entry<FieldDescriptor, Object> field : message.getAllFields().entrySet()) {
            String found = first(field.getKey(), field.getValue());
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    /** The first such field of the message itself, not of those in it; null if there is none. */
    public static String own(MessageOrBuilder message) {
        return message.getUnknownFields().isEmpty()
                ? null
                : "field "
                        + message.getUnknownFields().asMap().keySet().stream()
                                .min(Integer::compare)
                                .orElseThrow()
                        + " of " + message.getDescriptorForType().getName();
    }

    private static String first(FieldDescriptor field, Object value) {
        if (value instanceof List<?> values) {
            for (Object each : values) {
                String found = first(field, each);
                if (found != null) {
                    return found;
                }
            }
            return null;
        }
        if (value instanceof Message inner) {
            return first(inner);
        }
        if (value instanceof EnumValueDescriptor constant && constant.getIndex() < 0) {
            return "value " + constant.getNumber() + " of "
                    + field.getEnumType().getName();
        }
        return null;
    }
}
