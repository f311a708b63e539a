// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The twin of one identity. State changes under the lock of this object, and whoever listens to desired changes is called under it, so that
 * changes arrive in the order of their versions.
 */
final class Twin {
    private final Clock clock;
    private final Seat<DesiredChange> listener = new Seat<>();
    private TwinSection tags;
    private TwinSection desired;
    private TwinSection reported;
    private String modelId = "";
    /** Counts the service's changes, the device's do not change the etag. */
    private long serviceVersion = 1;

    Twin(Clock clock) {
        this.clock = clock;
        Instant now = clock.instant();
        this.tags = TwinSection.empty("tags", TwinLimits.TAGS_BYTES, now);
        this.desired = TwinSection.empty("desired properties", TwinLimits.PROPERTIES_BYTES, now);
        this.reported = TwinSection.empty("reported properties", TwinLimits.PROPERTIES_BYTES, now);
    }

    Hub.Presence listen(Consumer<DesiredChange> receiver, Runnable replaced) {
        return listener.take(receiver, replaced);
    }

    synchronized ObjectNode deviceView() {
        ObjectNode view = JsonNodeFactory.instance.objectNode();
        view.set("desired", desired.deviceView());
        view.set("reported", reported.deviceView());
        return view;
    }

    synchronized void followModel(String id) {
        modelId = id;
    }

    synchronized long report(ObjectNode patch, OptionalLong baseVersion) throws HubException {
        if (baseVersion.isPresent() && baseVersion.getAsLong() != reported.version()) {
            throw new HubException(
                    HubError.PRECONDITION_FAILED,
                    "the reported properties are at version " + reported.version() + ", not at "
                            + baseVersion.getAsLong());
        }
        reported = reported.merge(patch, clock.instant());
        return reported.version();
    }

    /** Adds the model if there is one, etag, version, tags and properties to what the service sees of an identity. */
    synchronized void describe(ObjectNode view) {
        if (!modelId.isEmpty()) {
            view.put("modelId", modelId);
        }
        view.put("etag", etag());
        view.put("version", tags.version() + desired.version() + reported.version() - 1);
        view.set("tags", tags.properties());
        ObjectNode properties = view.putObject("properties");
        properties.set("desired", desired.serviceView());
        properties.set("reported", reported.serviceView());
    }

    private String etag() {
        return Base64.getEncoder()
                .encodeToString(
                        ByteBuffer.allocate(Long.BYTES).putLong(serviceVersion).array());
    }

    synchronized void patch(ObjectNode patch, @Nullable String ifMatch) throws HubException {
        requireEtag(ifMatch);
        Instant now = clock.instant();
        ObjectNode tagPatch = object(patch, "/tags");
        ObjectNode desiredPatch = withoutStamps(object(patch, "/properties/desired"));
        TwinSection nextTags = tagPatch == null ? tags : tags.merge(tagPatch, now);
        TwinSection nextDesired = desiredPatch == null ? desired : desired.merge(desiredPatch, now);
        commit(nextTags, nextDesired, desiredPatch);
    }

    synchronized void replace(ObjectNode whole, @Nullable String ifMatch) throws HubException {
        requireEtag(ifMatch);
        Instant now = clock.instant();
        ObjectNode newTags = object(whole, "/tags");
        ObjectNode newDesired = withoutStamps(object(whole, "/properties/desired"));
        TwinSection nextTags = tags.replace(newTags == null ? empty() : newTags, now);
        TwinSection nextDesired = desired.replace(newDesired == null ? empty() : newDesired, now);
        commit(nextTags, nextDesired, nextDesired.patchFrom(desired));
    }

    private void commit(TwinSection nextTags, TwinSection nextDesired, @Nullable ObjectNode change) {
        tags = nextTags;
        desired = nextDesired;
        serviceVersion++;
        if (change != null) {
            long version = nextDesired.version();
            listener.offer(new DesiredChange(version, change.deepCopy().put(TwinSection.VERSION, version)));
        }
    }

    private void requireEtag(@Nullable String ifMatch) throws HubException {
        String wanted = ifMatch == null ? "*" : ifMatch.replace("\"", "");
        if (!wanted.equals("*") && !wanted.equals(etag())) {
            throw new HubException(HubError.PRECONDITION_FAILED, "the twin has changed, its etag is " + etag());
        }
    }

    private static @Nullable ObjectNode object(ObjectNode from, String pointer) throws HubException {
        JsonNode found = from.at(pointer);
        if (found.isMissingNode() || found.isNull()) {
            return null;
        }
        if (found instanceof ObjectNode object) {
            return object;
        }
        throw new HubException(HubError.MALFORMED, "the twin's " + pointer + " is not a JSON object");
    }

    /** The service's clients send back what they were given, version and metadata included. */
    private static @Nullable ObjectNode withoutStamps(@Nullable ObjectNode properties) {
        return properties == null
                ? null
                : properties.deepCopy().without(List.of(TwinSection.VERSION, TwinSection.METADATA));
    }

    private static ObjectNode empty() {
        return JsonNodeFactory.instance.objectNode();
    }
}
