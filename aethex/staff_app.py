"""Django's admin as an application of this site: it is ours that `admin.site` means."""

from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    default_site = "aethex.staff.StaffSite"
