// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import io.upstream.emulator.hub.Ending;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubIdentity;
import org.apache.qpid.proton.amqp.transport.AmqpError;
import org.apache.qpid.proton.amqp.transport.ConnectionError;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.amqp.transport.LinkError;
import org.apache.qpid.proton.engine.Link;
import org.apache.qpid.proton.engine.Receiver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ends on one connection what the hub wants ended. Confined to the event loop. */
final class Endings {
    private static final Logger LOG = LoggerFactory.getLogger(Endings.class);
    private static final ErrorCondition CONNECTION_FORCED =
            new ErrorCondition(ConnectionError.CONNECTION_FORCED, "the hub has ended the connection");
    private static final ErrorCondition SESSION_FAILED =
            new ErrorCondition(AmqpError.INTERNAL_ERROR, "the hub has ended the session");
    private static final ErrorCondition DETACH_FORCED =
            new ErrorCondition(LinkError.DETACH_FORCED, "the hub has detached the link");
    private static final ErrorCondition ELSEWHERE =
            new ErrorCondition(LinkError.DETACH_FORCED, "the identity has connected elsewhere");

    private final AmqpConnection connection;

    Endings(AmqpConnection connection) {
        this.connection = connection;
    }

    void end(HubIdentity identity, Ending what) {
        LOG.debug("{} is ended for {}", what, identity);
        switch (what) {
            case REPLACED -> connection.table().fail(identity, ELSEWHERE);
            case DISABLED ->
                connection
                        .table()
                        .fail(identity, AmqpErrors.of(HubError.DEVICE_DISABLED, identity + " has been disabled"));
            case REMOVED ->
                connection
                        .table()
                        .fail(identity, AmqpErrors.of(HubError.DEVICE_NOT_FOUND, identity + " has been removed"));
            case TCP, SHUT_DOWN, CONNECTION -> endConnection(what);
            case SESSION -> connection.table().sessions(identity).forEach(each -> connection.end(each, SESSION_FAILED));
            case CBS_REQUEST_LINK, CBS_REPLY_LINK -> connection.cbs().fail(what, DETACH_FORCED);
            default -> connection.table().fail(identity, what, DETACH_FORCED);
        }
    }

    private void endConnection(Ending how) {
        if (how == Ending.TCP) {
            connection.cut();
        } else {
            connection.close(how == Ending.SHUT_DOWN ? null : CONNECTION_FORCED);
        }
    }

    /**
     * Lets a fault that lasts strike what is being attached.
     *
     * @return false if it has nothing to do with that, and the attach is to be answered
     */
    boolean again(Link link, LinkAddress address, Ending what) {
        switch (what) {
            case TCP, SHUT_DOWN, CONNECTION -> {
                endConnection(what);
                return true;
            }
            case SESSION -> {
                connection.end(link.getSession(), SESSION_FAILED);
                return true;
            }
            default -> {
                boolean meant = what == of(address.kind(), link);
                if (meant) {
                    LinkAttach.refuse(link, DETACH_FORCED);
                }
                return meant;
            }
        }
    }

    /** As {@link #again(Link, LinkAddress, Ending)}, when a token for the identity is put. */
    boolean again(Ending what) {
        switch (what) {
            case TCP, SHUT_DOWN, CONNECTION -> endConnection(what);
            case CBS_REQUEST_LINK, CBS_REPLY_LINK -> connection.cbs().fail(what, DETACH_FORCED);
            default -> {
                return false;
            }
        }
        return true;
    }

    /** What has to be ended for this link to be detached. */
    static Ending of(LinkAddress.Kind kind, Link link) {
        boolean fromDevice = link instanceof Receiver;
        return switch (kind) {
            case TELEMETRY -> fromDevice ? Ending.TELEMETRY_LINK : Ending.CLOUD_MESSAGE_LINK;
            case CLOUD_MESSAGES -> Ending.CLOUD_MESSAGE_LINK;
            case TWIN -> fromDevice ? Ending.TWIN_REQUEST_LINK : Ending.TWIN_REPLY_LINK;
            case METHODS -> fromDevice ? Ending.METHOD_REPLY_LINK : Ending.METHOD_REQUEST_LINK;
        };
    }
}
