// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Tags, desired or reported properties of a twin as they stand at one version. Never changes: a patch makes another. */
final class TwinSection {
    static final String VERSION = "$version";
    static final String METADATA = "$metadata";

    private static final String LAST_UPDATED = "$lastUpdated";
    private static final String LAST_UPDATED_VERSION = "$lastUpdatedVersion";

    private final String name;
    private final int limit;
    private final long version;
    private final ObjectNode properties;
    /** For every key an object with time and version of its last change, and those of the keys below it. */
    private final ObjectNode metadata;

    private TwinSection(String name, int limit, long version, ObjectNode properties, ObjectNode metadata) {
        this.name = name;
        this.limit = limit;
        this.version = version;
        this.properties = properties;
        this.metadata = metadata;
    }

    /** Nothing, at version 1. */
    static TwinSection empty(String name, int limit, Instant now) {
        return new TwinSection(name, limit, 1, object(), stamp(now, 1));
    }

    long version() {
        return version;
    }

    /** Changes by a merge patch (RFC 7396): {@code null} deletes, objects are merged, all else is put in place. */
    TwinSection merge(ObjectNode patch, Instant now) throws HubException {
        TwinLimits.check(name, patch);
        ObjectNode merged = properties.deepCopy();
        ObjectNode dated = metadata.deepCopy();
        mergeInto(merged, patch, dated, stamp(now, version + 1));
        TwinLimits.checkSize(name, merged, limit);
        return new TwinSection(name, limit, version + 1, merged, dated);
    }

    /** Puts other properties in the place of these. */
    TwinSection replace(ObjectNode whole, Instant now) throws HubException {
        TwinLimits.check(name, whole);
        ObjectNode replaced = object();
        ObjectNode dated = object();
        mergeInto(replaced, whole, dated, stamp(now, version + 1));
        TwinLimits.checkSize(name, replaced, limit);
        return new TwinSection(name, limit, version + 1, replaced, dated);
    }

    private static void mergeInto(ObjectNode target, ObjectNode patch, ObjectNode metadata, ObjectNode stamp) {
        metadata.setAll(stamp);
        for (Map.Entry<String, JsonNode> each : patch.properties()) {
            String key = each.getKey();
            if (each.getValue().isNull()) {
                target.remove(key);
                metadata.remove(key);
            } else if (each.getValue() instanceof ObjectNode inner) {
                ObjectNode child = target.get(key) instanceof ObjectNode known ? known : target.putObject(key);
                ObjectNode dated = metadata.get(key) instanceof ObjectNode known ? known : metadata.putObject(key);
                mergeInto(child, inner, dated, stamp);
            } else {
                target.set(key, each.getValue().deepCopy());
                metadata.set(key, stamp.deepCopy());
            }
        }
    }

    /** The patch that makes these properties out of the earlier ones, all of these included. */
    ObjectNode patchFrom(TwinSection earlier) {
        ObjectNode patch = properties.deepCopy();
        deleteMissing(patch, earlier.properties);
        return patch;
    }

    private static void deleteMissing(ObjectNode patch, ObjectNode earlier) {
        List<String> gone = new ArrayList<>();
        for (Map.Entry<String, JsonNode> each : earlier.properties()) {
            JsonNode now = patch.get(each.getKey());
            if (now == null) {
                gone.add(each.getKey());
            } else if (now instanceof ObjectNode inner && each.getValue() instanceof ObjectNode before) {
                deleteMissing(inner, before);
            }
        }
        gone.forEach(patch::putNull);
    }

    /** The properties alone; a copy. */
    ObjectNode properties() {
        return properties.deepCopy();
    }

    /** Properties and version, as the device sees them; a copy. */
    ObjectNode deviceView() {
        return properties().put(VERSION, version);
    }

    /** With metadata, as the service sees them; a copy. */
    ObjectNode serviceView() {
        ObjectNode view = properties();
        view.set(METADATA, metadata.deepCopy());
        return view.put(VERSION, version);
    }

    private static ObjectNode stamp(Instant now, long version) {
        return object().put(LAST_UPDATED, now.toString()).put(LAST_UPDATED_VERSION, version);
    }

    private static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }
}
