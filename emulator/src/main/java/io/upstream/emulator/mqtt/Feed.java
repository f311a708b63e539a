// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

/** What a client can subscribe to. */
enum Feed {
    CLOUD_MESSAGES,
    /** Messages to a module's inputs. */
    INPUTS,
    /** Answers to requests about the twin. */
    TWIN_RESULTS,
    DESIRED_CHANGES,
    METHODS
}
