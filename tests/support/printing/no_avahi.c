/*
 * Stands in for Avahi, without which ippeveprinter does not start: it announces nothing to anybody, and needs no daemon and no bus.
 * Built and preloaded by the tests. Only what ippeveprinter calls is here, and arguments that nobody looks at are left out.
 */
enum { CLIENT_IS_RUNNING = 2 };

static int anything;

void *avahi_threaded_poll_new(void) { return &anything; }
const void *avahi_threaded_poll_get(void *poll) { return poll; }
int avahi_threaded_poll_start(void *poll) { return poll == 0; }
void avahi_threaded_poll_lock(void) {}
void avahi_threaded_poll_unlock(void) {}

void *avahi_client_new(const void *poll, int flags, void (*tell)(void *, int, void *), void *data, int *error) {
    (void)poll;
    (void)flags;
    if (error)
        *error = 0;
    if (tell)
        tell(&anything, CLIENT_IS_RUNNING, data);
    return &anything;
}
int avahi_client_errno(void) { return 0; }
const char *avahi_client_get_host_name_fqdn(void) { return "localhost"; }

void *avahi_entry_group_new(void) { return &anything; }
int avahi_entry_group_add_service_strlst(void) { return 0; }
int avahi_entry_group_add_service_subtype(void) { return 0; }
int avahi_entry_group_commit(void) { return 0; }
int avahi_entry_group_free(void) { return 0; }
void *avahi_string_list_add_printf(void) { return &anything; }
void avahi_string_list_free(void) {}
