"""The pages of the organisation."""

from portal.features.people.organisation.pages import changes, chart, posts

ROUTES = (*chart.ROUTES, *posts.ROUTES, *changes.ROUTES)
