// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

/** What happens to a link on which we send. */
interface SenderEvents extends LinkEvents {
    /** There may be more credit than before. */
    void credited();
}
