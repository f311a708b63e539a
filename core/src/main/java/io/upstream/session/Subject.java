// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

/** What an application can have brought to it. */
public enum Subject {
    MESSAGES("messages"),
    DESIRED_CHANGES("changes of desired properties"),
    METHODS("direct methods");

    private final String text;

    Subject(String text) {
        this.text = text;
    }

    /** For people. */
    public String text() {
        return text;
    }
}
