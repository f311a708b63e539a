// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.collection.IntObjectMap;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A session's links, by our handles and by the peer's. */
final class LinkTable {
    static final int HANDLE_MAX = 255;

    private final List<@Nullable EngineLink> ours = new ArrayList<>(2);
    private final IntObjectMap<EngineLink> theirs = new IntObjectHashMap<>(4);

    /** The lowest handle that is free. */
    int freeHandle() {
        int handle = ours.indexOf(null);
        if (handle >= 0) {
            return handle;
        }
        if (ours.size() > HANDLE_MAX) {
            throw new IllegalStateException("no more than " + ours.size() + " links in a session");
        }
        return ours.size();
    }

    void add(EngineLink link) {
        if (link.handle() == ours.size()) {
            ours.add(link);
        } else {
            ours.set(link.handle(), link);
        }
    }

    int highestHandle() {
        return ours.size() - 1;
    }

    /** Finds the link that the peer attaches, and gives it the peer's handle. */
    EngineLink attach(@Nullable String name, boolean sender, int handle) {
        if (Integer.compareUnsigned(handle, HANDLE_MAX) > 0) {
            throw Violation.framing("used a handle above the handle-max of " + HANDLE_MAX);
        }
        for (EngineLink link : ours) {
            if (link != null && link.isSender() == sender && link.terms().name().equals(name)) {
                if (theirs.containsValue(link) || theirs.containsKey(handle)) {
                    throw Violation.of("amqp:session:handle-in-use", "attached a link or a handle twice");
                }
                theirs.put(handle, link);
                return link;
            }
        }
        throw Violation.of("amqp:not-allowed", "attached a link that nobody asked for");
    }

    /** The link with the peer's {@code handle}. */
    EngineLink get(int handle) {
        EngineLink link = theirs.get(handle);
        if (link == null) {
            throw unattached(handle);
        }
        return link;
    }

    /** Frees both handles of the link with the peer's {@code handle}. */
    EngineLink detach(int handle) {
        EngineLink link = theirs.remove(handle);
        if (link == null) {
            throw unattached(handle);
        }
        ours.set(link.handle(), null);
        return link;
    }

    private static Violation unattached(int handle) {
        return Violation.of(
                "amqp:session:unattached-handle",
                "used handle " + Integer.toUnsignedString(handle) + ", on which there is no link");
    }

    /** Those on which we send, in a list of its own. */
    List<EngineSender> senders() {
        List<EngineSender> senders = new ArrayList<>();
        for (EngineLink link : ours) {
            if (link instanceof EngineSender sender) {
                senders.add(sender);
            }
        }
        return senders;
    }

    void dropAll() {
        for (EngineLink link : ours) {
            if (link != null) {
                link.drop();
            }
        }
        ours.clear();
        theirs.clear();
    }
}
