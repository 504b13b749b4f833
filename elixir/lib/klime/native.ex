defmodule Klime.Native do
  @moduledoc false
  # The Rust half, `crates/klime-nif`, whose file `exports.rs` says what each function does. None of them waits for anything.

  @on_load :load

  def load do
    :klime |> Application.app_dir("priv/native/libklime_nif") |> String.to_charlist() |> :erlang.load_nif(0)
  end

  def start(_options), do: not_loaded()
  def give_to(_held, _owner, _hook), do: not_loaded()
  def close(_held), do: not_loaded()
  def listen(_held), do: not_loaded()
  def owners, do: not_loaded()
  def enqueue(_owner, _event), do: not_loaded()
  def enqueue_screened(_owner, _event), do: not_loaded()
  def hook(_owner), do: not_loaded()
  def count_dropped(_owner, _reason, _problem, _event), do: not_loaded()
  def stats(_owner), do: not_loaded()
  def send_now(_held, _token, _event), do: not_loaded()
  def flush(_held, _token, _timeout, _with_callbacks), do: not_loaded()
  def shutdown(_held, _token, _timeout), do: not_loaded()
  def told(_held), do: not_loaded()
  def rush(_held), do: not_loaded()
  def encode(_term, _max_bytes), do: not_loaded()

  defp not_loaded, do: :erlang.nif_error(:nif_not_loaded)
end
