"""The address without a page: Review is the first one."""

import streamlit as st

st.switch_page("app_pages/review.py")
