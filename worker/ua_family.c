/* SPDX-License-Identifier: MIT
 * ua_family - browser and system of a User-Agent.
 * Owns:      the table of words
 * Runs in:   worker, on text of the network
 * Fails by:  "other"
 * Never:     copy a byte of the agent into its family
 */
#include "base.h"
#include "ua_family.h"

struct word {
	const char *word, *family;
};

/* The first that stands anywhere in the text wins: browsers name those that they are like as well. */
static const struct word browsers[] = {
    {"EdgA/", "Edge"},	       {"EdgiOS/", "Edge"},	  {"Edg/", "Edge"},
    {"Edge/", "Edge"},	       {"OPR/", "Opera"},	  {"OPiOS/", "Opera"},
    {"Opera", "Opera"},	       {"SamsungBrowser/", "Samsung"}, {"Vivaldi/", "Vivaldi"},
    {"YaBrowser/", "Yandex"},  {"UCBrowser/", "UC"},	  {"DuckDuckGo/", "DuckDuckGo"},
    {"FxiOS/", "Firefox"},     {"Firefox/", "Firefox"},	  {"CriOS/", "Chrome"},
    {"HeadlessChrome/", "Chrome"}, {"Chrome/", "Chrome"}, {"Chromium/", "Chrome"},
    {"MSIE ", "Internet Explorer"}, {"Trident/", "Internet Explorer"}, {"Version/", "Safari"},
    {"Safari/", "Safari"},     {"AppleWebKit/", "WebKit"}, {"okhttp/", "okhttp"},
    {"CFNetwork/", "CFNetwork"}, {"Dart/", "Dart"},	  {"curl/", "curl"},
    {"Wget/", "Wget"},	       {"python", "Python"},	  {"Python", "Python"},
    {"Go-http-client/", "Go"}, {"Java/", "Java"},	  {"PostmanRuntime/", "Postman"},
};
static const struct word systems[] = {
    {"iPhone", "iOS"},	  {"iPad", "iOS"},	  {"iPod", "iOS"},	{"Android", "Android"},
    {"Windows", "Windows"}, {"CrOS", "ChromeOS"}, {"Mac OS X", "macOS"}, {"Macintosh", "macOS"},
    {"Darwin", "macOS"},  {"FreeBSD", "BSD"},	  {"OpenBSD", "BSD"},	{"NetBSD", "BSD"},
    {"Linux", "Linux"},	  {"X11", "Unix"},
};

static bool stands_in(struct sd_slice text, const char *word)
{
	return text.n > 0 && memmem(text.p, text.n, word, strlen(word)) != NULL;
}

static const char *find(struct sd_slice text, const struct word *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (stands_in(text, words[i].word))
			return words[i].family;
	return "other";
}

struct sd_slice ua_family(struct sd_slice agent, char out[UA_FAMILY_MAX])
{
	(void)snprintf(out, UA_FAMILY_MAX, "%s/%s", find(agent, browsers, SD_ARRAY_LEN(browsers)),
		       find(agent, systems, SD_ARRAY_LEN(systems)));
	return sd_slice_str(out);
}
