// A figure's script is a module that draws `data` into `parentElement`, again where data change.
const loaded = import('data:text/javascript;base64,SCRIPT');
const show = () => loaded.then(({ default: draw }) => {
  element.style.display = props.value ? '' : 'none';
  const setTriggerValue = (_, index) => trigger('picked', { index });
  if (props.value) draw({ data: props.value, parentElement: element, setTriggerValue });
});
watch('value', show);
show();
